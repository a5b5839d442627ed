//! Refuses requests that do not speak to this computer by a name of its own: a page of the internet could otherwise give
//! commands through the browser, directly or by a name that it lets point here.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets a request pass whose `Host` and, where it has one, `Origin` are of this computer.
pub async fn loopback_only(request: Request, next: Next) -> Response {
    if is_from_here(request.headers()) {
        next.run(request).await
    } else {
        (
            StatusCode::FORBIDDEN,
            "only 127.0.0.1, [::1] and localhost are served\n",
        )
            .into_response()
    }
}

fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST).is_some_and(is_loopback);
    let origin = text(header::ORIGIN).is_none_or(|origin| {
        origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
            .is_some_and(is_loopback)
    });
    host && origin
}

/// Whether `name[:port]` is one of this computer's own names.
fn is_loopback(authority: &str) -> bool {
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (authority, None),
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]") && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_computer_pass_and_no_others() {
        for good in [
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost:5173",
            "[::1]",
            "[::1]:8080",
        ] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.nip.io:80",
            "localhost:80@example.com",
            "192.168.1.2:80",
            "[::2]:80",
            "null",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
