//! The environment of the Vulkan drivers that this process will load.
#![expect(unsafe_code, reason = "drivers take this setting from the environment only")]

/// Tells Mesa not to look for a display: on a headless machine its device-select layer complains on standard error
/// about `XDG_RUNTIME_DIR`, once for each connection it tries. gravure picks the adapter itself.
///
/// To be called first of all, before there is a second thread.
pub fn prepare() {
    const KEY: &str = "NODEVICE_SELECT";
    if std::env::var_os(KEY).is_none() {
        // SAFETY: `main` calls this before anything starts a thread, so nobody reads the environment meanwhile.
        unsafe { std::env::set_var(KEY, "1") };
    }
}
