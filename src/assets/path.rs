//! From what a template or a row says to a file inside its folder.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::AssetError;
use crate::job::ErrorCode;

/// A folder that paths start from and may not leave, neither by `..` nor by a link.
pub struct Root {
    given: PathBuf,
    /// Without links; the folder as it was given where it does not exist.
    real: PathBuf,
}

impl Root {
    /// A folder, which need not exist: then nothing is found in it.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        // The folder of `rows.csv` is the empty path.
        let given = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        let real = given.canonicalize().unwrap_or_else(|_| given.clone());
        Self { given, real }
    }

    /// The file's path, without links. Names are taken as they are: `%20` is no space.
    ///
    /// # Errors
    /// When there is no such file, it lies outside, or the location is a URL.
    pub fn resolve(&self, location: &str) -> Result<PathBuf, AssetError> {
        if location.is_empty() {
            return Err(AssetError::new(ErrorCode::PhotoMissing, "no photo is given"));
        }
        if let Some(scheme) = url_scheme(location) {
            let message = format!("{scheme} URLs are not available yet: give a file's path");
            return Err(AssetError::new(ErrorCode::PhotoRemote, message));
        }
        let outside = |message: &str| AssetError::new(ErrorCode::PhotoOutside, message);
        let path = Path::new(location);
        // Before the disk is asked: nobody is to learn from the answer what lies outside.
        if self.leaves(path) {
            return Err(outside("the path leaves the folder that it is relative to"));
        }
        let real = self.real.join(path).canonicalize().map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidInput | ErrorKind::InvalidFilename => {
                AssetError::new(ErrorCode::PhotoMissing, "no such file")
            }
            _ => unreadable(&error),
        })?;
        if !real.starts_with(&self.real) {
            return Err(outside("a link leads out of the folder that the path is relative to"));
        }
        Ok(real)
    }

    /// Whether the path, read as text, is outside at any point on its way.
    fn leaves(&self, path: &Path) -> bool {
        let below = match path.strip_prefix(&self.real).or_else(|_| path.strip_prefix(&self.given)) {
            Ok(below) if path.is_absolute() => below,
            _ => path,
        };
        let mut depth = 0_u32;
        for component in below.components() {
            match component {
                Component::Normal(_) => depth += 1,
                Component::CurDir => {}
                Component::ParentDir if depth > 0 => depth -= 1,
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return true,
            }
        }
        false
    }
}

/// What the system says, without its number.
pub(super) fn unreadable(error: &std::io::Error) -> AssetError {
    AssetError::new(ErrorCode::PhotoUnreadable, format!("cannot be read: {}", error.to_string().to_lowercase()))
}

/// `https` of `https://...`, `data` of `data:...`. A colon alone is part of a name.
fn url_scheme(location: &str) -> Option<&str> {
    let (scheme, rest) = location.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (is_scheme && (rest.starts_with("//") || scheme.eq_ignore_ascii_case("data"))).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let campaign = folder.path().join("campaign");
        std::fs::create_dir_all(campaign.join("images")).unwrap();
        for file in ["a.png", "images/b.png", "images/50% off: x.png", "images/%20 a.png", "../secret.png"] {
            std::fs::write(campaign.join(file), "x").unwrap();
        }
        (folder, Root::new(campaign))
    }

    fn code(root: &Root, location: &str) -> Option<ErrorCode> {
        root.resolve(location).err().map(|error| error.code)
    }

    #[test]
    fn paths_inside_are_found_by_their_plain_names() {
        let (_folder, root) = folder();
        let inside = ["a.png", "./a.png", "images/../a.png", "images/50% off: x.png", "images/%20 a.png"];
        for location in inside {
            assert_eq!(code(&root, location), None, "{location}");
        }
        let absolute = root.real.join("images/b.png");
        assert_eq!(root.resolve(&absolute.to_string_lossy()).unwrap(), absolute);
        assert_eq!(code(&root, "images/ a.png"), Some(ErrorCode::PhotoMissing));
        assert_eq!(code(&root, "images/none.png"), Some(ErrorCode::PhotoMissing));
        assert_eq!(code(&root, "a.png/b.png"), Some(ErrorCode::PhotoMissing));
        assert_eq!(code(&root, "a\0.png"), Some(ErrorCode::PhotoMissing));
        assert!(root.resolve(&"x".repeat(5000)).is_err());
    }

    #[test]
    fn paths_that_leave_are_refused_whether_or_not_there_is_something() {
        let (_folder, root) = folder();
        let absolute = root.real.join("../secret.png");
        let outside = [
            "../secret.png",
            "../none.png",
            "images/../../secret.png",
            // Out and in again.
            "../campaign/a.png",
            "/etc/hostname",
            "//etc/hostname",
            &absolute.to_string_lossy(),
        ];
        for location in outside {
            assert_eq!(code(&root, location), Some(ErrorCode::PhotoOutside), "{location}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_may_lead_about_inside_but_not_out() {
        let (_folder, root) = folder();
        std::os::unix::fs::symlink("images/b.png", root.real.join("inside.png")).unwrap();
        std::os::unix::fs::symlink("../secret.png", root.real.join("outside.png")).unwrap();
        std::os::unix::fs::symlink("/", root.real.join("up")).unwrap();
        assert_eq!(code(&root, "inside.png"), None);
        assert_eq!(code(&root, "outside.png"), Some(ErrorCode::PhotoOutside));
        assert_eq!(code(&root, "up/etc/hostname"), Some(ErrorCode::PhotoOutside));
    }

    #[test]
    fn urls_say_that_they_are_not_available_yet() {
        let (_folder, root) = folder();
        for location in ["http://x/y.png", "HTTPS://x", "s3://b/k", "data:image/png;base64,AA", "file:///etc/hostname"]
        {
            assert_eq!(code(&root, location), Some(ErrorCode::PhotoRemote), "{location}");
        }
        // Neither is a URL.
        assert_eq!(code(&root, "c:x.png"), Some(ErrorCode::PhotoMissing));
        assert_eq!(code(&root, "sale: 50% off.png"), Some(ErrorCode::PhotoMissing));
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_photos() {
        let root = Root::new(PathBuf::from("/nowhere/at/all"));
        assert_eq!(code(&root, "a.png"), Some(ErrorCode::PhotoMissing));
        assert_eq!(code(&root, "../a.png"), Some(ErrorCode::PhotoOutside));
    }
}
