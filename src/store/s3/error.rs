//! What a failed request means: try again, ask an operator, or blame the object.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// What to do about a failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may pass: no answer, throttling, the server's own trouble.
    Again(String),
    /// Credentials, rights or the bucket are missing.
    Refused(String),
    /// There is no such object.
    Missing,
    /// The object is as it was (`If-None-Match`).
    NotModified,
    /// Nothing that time or an operator could mend.
    Wrong(String),
}

/// Codes that mean "later", whatever the status: some stores send them with 200 or 403.
const AGAIN: [&str; 13] = [
    "SlowDown",
    "InternalError",
    "ServiceUnavailable",
    "RequestTimeout",
    "Throttling",
    "ThrottlingException",
    "RequestLimitExceeded",
    "OperationAborted",
    // The body was damaged on its way.
    "BadDigest",
    "InvalidDigest",
    "IncompleteBody",
    "XAmzContentSHA256Mismatch",
    "XAmzContentChecksumMismatch",
];

/// Codes that an operator must see, with what they mean.
const REFUSED: [(&str, &str); 14] = [
    ("NoSuchBucket", NO_BUCKET),
    ("InvalidBucketName", "the bucket's name is not allowed"),
    ("AccessDenied", "the credentials may not do this here"),
    ("InvalidAccessKeyId", "the access key id is not known"),
    ("SignatureDoesNotMatch", "the secret access key does not belong to the access key id"),
    ("ExpiredToken", "the credentials have expired"),
    ("InvalidToken", "the session token is not valid"),
    ("TokenRefreshRequired", "the credentials have expired"),
    ("RequestTimeTooSkewed", "the clock of this machine is wrong"),
    ("PermanentRedirect", "the bucket is in another region or at another endpoint"),
    ("AuthorizationHeaderMalformed", "the region is wrong"),
    ("QuotaExceeded", "the quota is used up"),
    ("InvalidStorageClass", "the storage class is not known"),
    ("NotImplemented", "the store cannot do this: see tags, metadata and storage_class"),
];
const NO_BUCKET: &str = "the bucket does not exist";

impl Verdict {
    /// Of a request that names no object, or makes one.
    pub fn no_bucket() -> Self {
        Self::Refused(format!("{NO_BUCKET} (NoSuchBucket)"))
    }
}

/// Judges a failure.
pub fn judge<E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static>(
    error: &SdkError<E, HttpResponse>,
) -> Verdict {
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code();
    let said = match (code, error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => match status {
            Some(status) => format!("status {status}"),
            None => causes(error),
        },
    };
    if let Some((code, means)) = REFUSED.iter().find(|(refused, _)| Some(*refused) == code) {
        return Verdict::Refused(format!("{means} ({code})"));
    }
    match (status, code) {
        (Some(304), _) => Verdict::NotModified,
        (_, Some(code)) if AGAIN.contains(&code) => Verdict::Again(said),
        (Some(404), _) => Verdict::Missing,
        (Some(401 | 403 | 501), _) => Verdict::Refused(said),
        (Some(301 | 307), _) => Verdict::Refused(format!("{said} (another region or endpoint?)")),
        (Some(408 | 409 | 429 | 500..=599), _) => Verdict::Again(said),
        (Some(400..=499), _) => Verdict::Wrong(said),
        // No answer, or one that cannot be read.
        _ => match error {
            SdkError::ConstructionFailure(_) => Verdict::Wrong(said),
            // Credentials are looked for before anything is sent.
            _ if said.contains("credential") || said.contains("identity") => Verdict::Refused(said),
            _ => Verdict::Again(said),
        },
    }
}

/// The words of an error and what caused it, shortened.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = DisplayErrorContext(error).to_string();
    if let Some(at) = words.find(" (") {
        words.truncate(at);
    }
    words
}
