//! From what a template or a row says to a file inside its folder, or to a URL.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use url::Url;

use super::AssetError;
use super::fetch::{FetchError, stored};
use crate::job::ErrorCode;

/// The longest location that is looked at: longer than any path or URL that a system takes.
const MAX_LOCATION_BYTES: usize = 8 << 10;

/// Where relative locations start: the folder of a template or of data, or its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// A folder. Paths may not leave it.
    Folder(PathBuf),
    /// The URL of the template or of the data itself. Relative locations are resolved as in a web page (RFC 3986);
    /// what they give goes through the gate as every URL does.
    Url(Url),
}

impl Base {
    /// The folder of a file, or the URL itself.
    ///
    /// # Errors
    /// When the text starts as a URL does and is none.
    pub fn of_file(file: &Path) -> Result<Self, String> {
        match file.to_str().and_then(parse_url) {
            Some(url) => url.map(Self::Url),
            None => Ok(match file.parent() {
                Some(folder) if folder != Path::new("") => Self::Folder(folder.to_owned()),
                _ => Self::Folder(PathBuf::from(".")),
            }),
        }
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Base {
    fn from(folder: &P) -> Self {
        Self::Folder(folder.as_ref().to_owned())
    }
}

impl From<PathBuf> for Base {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}

/// `None`: the text is a path. URLs in the cells of tables often have spaces around them. `s3://` and `file://` are
/// taken as they are written: see [`stored`].
pub fn parse_url(text: &str) -> Option<Result<Url, String>> {
    let text = text.trim();
    let scheme = url_scheme(text)?;
    Some(match stored::is_scheme(scheme) {
        true => stored::parse(text),
        false => Url::parse(text).map_err(|error| format!("not a valid URL: {error}")),
    })
}

/// Where something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'l> {
    /// A file, without links.
    File(PathBuf),
    /// To be fetched.
    Url(Url),
    /// Here already: a `data:` URL.
    Data(&'l str),
}

/// A place that relative locations start from. A folder may not be left, neither by `..` nor by a link.
pub enum Root {
    /// A folder.
    Folder(FolderRoot),
    /// A URL.
    Url(Url),
}

impl Root {
    /// A folder, which need not exist (then nothing is found in it), or a URL.
    pub fn new(base: impl Into<Base>) -> Self {
        match base.into() {
            Base::Folder(folder) => Self::Folder(FolderRoot::new(folder)),
            Base::Url(url) => Self::Url(url),
        }
    }

    /// Where a location leads. A path is taken as it is: `%20` is no space.
    ///
    /// # Errors
    /// When there is no such file, it lies outside, or the location is no URL though it starts as one.
    pub fn resolve<'l>(&self, location: &'l str) -> Result<Place<'l>, AssetError> {
        if location.is_empty() {
            return Err(AssetError::new(ErrorCode::PhotoMissing, "no photo is given"));
        }
        let trimmed = location.trim();
        if url_scheme(trimmed).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data")) {
            return Ok(Place::Data(trimmed));
        }
        if location.len() > MAX_LOCATION_BYTES {
            let message = format!("longer than {MAX_LOCATION_BYTES} bytes: neither a path nor a URL");
            return Err(AssetError::new(ErrorCode::PhotoMissing, message));
        }
        let refused = |message: String| AssetError::from(FetchError::Refused(message));
        if let Some(url) = parse_url(location) {
            return url.map(Place::Url).map_err(refused);
        }
        match self {
            Self::Folder(folder) => folder.resolve(location).map(Place::File),
            // A bucket is no web server: as in a folder, nothing leads out of the place where it starts.
            Self::Url(base) if base.scheme() == "s3" => match stored::beside(base, location) {
                Some(url) => Ok(Place::Url(url)),
                None => {
                    let message = "the path leaves the place that it is relative to";
                    Err(AssetError::new(ErrorCode::PhotoOutside, message))
                }
            },
            Self::Url(base) => {
                // A colon in a file's name makes no scheme.
                let relative = match location.starts_with(['/', '?', '#']) {
                    true => location.to_owned(),
                    false => format!("./{location}"),
                };
                base.join(&relative).map(Place::Url).map_err(|error| refused(format!("not a valid URL: {error}")))
            }
        }
    }
}

/// A folder with what it is called.
pub struct FolderRoot {
    given: PathBuf,
    /// Without links; the folder as it was given where it does not exist.
    real: PathBuf,
}

impl FolderRoot {
    fn new(folder: PathBuf) -> Self {
        // The folder of `rows.csv` is the empty path.
        let given = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        let real = given.canonicalize().unwrap_or_else(|_| given.clone());
        Self { given, real }
    }

    fn resolve(&self, location: &str) -> Result<PathBuf, AssetError> {
        let outside = |message: &str| AssetError::new(ErrorCode::PhotoOutside, message);
        let path = Path::new(location);
        // Before the disk is asked: nobody is to learn from the answer what lies outside.
        if self.leaves(path) {
            return Err(outside("the path leaves the folder that it is relative to"));
        }
        let real = self.real.join(path).canonicalize().map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidInput | ErrorKind::InvalidFilename => {
                // Not so on Windows, where a backslash has been a separator by now.
                let hint = if location.contains('\\') { ": folders are parted by /, not by \\" } else { "" };
                AssetError::new(ErrorCode::PhotoMissing, format!("no such file{hint}"))
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

    fn folder() -> (tempfile::TempDir, FolderRoot) {
        let folder = tempfile::tempdir().unwrap();
        let campaign = folder.path().join("campaign");
        std::fs::create_dir_all(campaign.join("images")).unwrap();
        for file in ["a.png", "images/b.png", "images/50% off: x.png", "images/%20 a.png", "../secret.png"] {
            std::fs::write(campaign.join(file), "x").unwrap();
        }
        (folder, FolderRoot::new(campaign))
    }

    fn code(root: &FolderRoot, location: &str) -> Option<ErrorCode> {
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
        let of_windows = root.resolve("images\\b.png").unwrap_err();
        assert!(of_windows.message.contains("parted by /"), "{of_windows:?}");
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
    fn urls_are_told_from_paths() {
        let (_folder, root) = folder();
        let root = Root::Folder(root);
        let url = |text: &str| Place::Url(Url::parse(text).unwrap());
        for location in ["http://x/y.png", "HTTPS://x", "s3://b/k", "file:///etc/hostname", " https://x/y.png\n"] {
            assert_eq!(root.resolve(location).unwrap(), url(location.trim()), "{location}");
        }
        assert_eq!(root.resolve(" data:,x").unwrap(), Place::Data("data:,x"));
        for location in ["http://", "https://[/", "http://a b/"] {
            assert_eq!(root.resolve(location).unwrap_err().code, ErrorCode::UrlRefused, "{location}");
        }
        let code = |location: &str| root.resolve(location).err().map(|error| error.code);
        // Neither is a URL.
        assert_eq!(code("c:x.png"), Some(ErrorCode::PhotoMissing));
        assert_eq!(code("sale: 50% off.png"), Some(ErrorCode::PhotoMissing));
        assert_eq!(code("file:/etc/hostname"), Some(ErrorCode::PhotoMissing));
        assert_eq!(code(&format!("https://x/{}", "y".repeat(9000))), Some(ErrorCode::PhotoMissing));
    }

    #[test]
    fn beside_a_url_locations_are_resolved_as_in_a_web_page() {
        let root = Root::new(Base::of_file(Path::new("https://example.com/t/card.yaml?sig=1")).unwrap());
        let cases = [
            ("images/a.png", "https://example.com/t/images/a.png"),
            ("../a.png", "https://example.com/a.png"),
            ("/a.png", "https://example.com/a.png"),
            ("//other.com/a.png", "https://other.com/a.png"),
            ("sale: 50.png", "https://example.com/t/sale:%2050.png"),
            ("http://other.com/a.png", "http://other.com/a.png"),
        ];
        for (location, url) in cases {
            assert_eq!(root.resolve(location).unwrap(), Place::Url(Url::parse(url).unwrap()), "{location}");
        }
    }

    #[test]
    fn beside_an_object_locations_are_names_and_lead_nowhere_else() {
        let root = Root::new(Base::of_file(Path::new("s3://ads/spring sale/50%/card.yaml")).unwrap());
        let key = |location: &str| match root.resolve(location) {
            Ok(Place::Url(url)) => Ok(stored::written(&url)),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.code),
        };
        let names = [
            "a.png",
            "a b.png",
            "a+b.png",
            "a%20b.png",
            "100%.png",
            "%2e%2e/a.png",
            "%2e%2e%2fa.png",
            "ü/日本.png",
            "what?.png",
            "#1.png",
            "sale: 50.png",
            "a;b=c&d.png",
            "..a/...png",
            "C:x.png",
        ];
        for name in names {
            assert_eq!(key(name), Ok(format!("s3://ads/spring sale/50%/{name}")));
        }
        assert_eq!(key("./x/../a//b.png"), Ok("s3://ads/spring sale/50%/a/b.png".to_owned()));
        for outside in ["..", "../a.png", "x/../../a.png", "../50%/a.png", "/a.png", "//other/a.png", "/", "."] {
            assert_eq!(key(outside), Err(ErrorCode::PhotoOutside), "{outside}");
        }
        // Whole URLs are looked at by whoever reads them.
        assert_eq!(key("s3://other/a b?c#d%"), Ok("s3://other/a b?c#d%".to_owned()));
        for refused in ["s3://ads/../x", "s3://ads/a/./b", "s3:///a", "s3://u:p@ads/a", "file://host/etc/hostname"] {
            assert_eq!(key(refused), Err(ErrorCode::UrlRefused), "{refused}");
        }
        let bucket = Root::new(Base::Url(parse_url("s3://ads").unwrap().unwrap()));
        let Ok(Place::Url(url)) = bucket.resolve("a.png") else { panic!() };
        assert_eq!(stored::written(&url), "s3://ads/a.png");
    }

    #[test]
    fn the_base_of_a_file_is_its_folder() {
        let folder = |file: &str| Base::of_file(Path::new(file)).unwrap();
        assert_eq!(folder("a/t.yaml"), Base::Folder("a".into()));
        assert_eq!(folder("t.yaml"), Base::Folder(".".into()));
        assert!(matches!(folder("https://x/t.yaml"), Base::Url(_)));
        assert!(Base::of_file(Path::new("https://[/t.yaml")).is_err());
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_photos() {
        let root = FolderRoot::new(PathBuf::from("/nowhere/at/all"));
        assert_eq!(code(&root, "a.png"), Some(ErrorCode::PhotoMissing));
        assert_eq!(code(&root, "../a.png"), Some(ErrorCode::PhotoOutside));
    }
}
