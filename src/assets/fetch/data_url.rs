//! `data:` URLs: the file is in the URL itself. <https://fetch.spec.whatwg.org/#data-urls>

use data_url::DataUrl;
use data_url::forgiving_base64::DecodeError;

use super::FetchError;

/// More than fits.
struct Full;

/// The content of a `data:` URL.
///
/// # Errors
/// When it is not well formed or has more than `max_bytes`.
pub fn read(url: &str, max_bytes: u64) -> Result<Vec<u8>, FetchError> {
    let data = DataUrl::process(url).map_err(|error| FetchError::BadData(error.to_string().to_lowercase()))?;
    // Base64 turns four characters into three bytes; percent-encoding never grows.
    let mut bytes = Vec::with_capacity(usize::try_from(max_bytes).unwrap_or(usize::MAX).min(url.len()));
    let decoded = data.decode(|part| {
        if (bytes.len() + part.len()) as u64 > max_bytes {
            return Err(Full);
        }
        bytes.extend_from_slice(part);
        Ok(())
    });
    match decoded {
        Ok(_) if bytes.is_empty() => Err(FetchError::BadData("it is empty".to_owned())),
        Ok(_) => {
            bytes.shrink_to_fit();
            Ok(bytes)
        }
        Err(DecodeError::WriteError(Full)) => Err(FetchError::TooLarge { bytes: None, most: max_bytes }),
        Err(DecodeError::InvalidBase64(_)) => Err(FetchError::BadData("the base64 is broken".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_and_percent_encoding_are_read() {
        assert_eq!(read("data:image/png;base64,iVBORw==", 9).unwrap(), b"\x89PNG");
        assert_eq!(read("data:image/png;base64, iVB\n ORw", 9).unwrap(), b"\x89PNG");
        assert_eq!(read("DATA:image/svg+xml,%3Csvg/%3E#end", 9).unwrap(), b"<svg/>");
    }

    #[test]
    fn the_limit_counts_decoded_bytes() {
        let url = format!("data:;base64,{}", "AAAA".repeat(1000));
        assert_eq!(read(&url, 3000).unwrap().len(), 3000);
        assert_eq!(read(&url, 2999), Err(FetchError::TooLarge { bytes: None, most: 2999 }));
    }

    #[test]
    fn rubbish_is_named_and_not_repeated() {
        for url in ["data:", "data:image/png;base64", "data:;base64,%%%", "data:;base64,A", "data:,", "data:image/png,"]
        {
            let error = read(url, 100).unwrap_err();
            assert!(matches!(error, FetchError::BadData(_)), "{url}: {error}");
        }
    }
}
