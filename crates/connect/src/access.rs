use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sluice_model::{ConnectAccess, ConnectLogin, Secret};

/// The value of the header that logs in; `None` without a login.
pub(crate) fn authorization(access: &ConnectAccess) -> Option<Secret> {
    let password = access.password.as_ref().map_or("", Secret::reveal);
    match access.login {
        ConnectLogin::None => None,
        ConnectLogin::Basic => Some(Secret::new(format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{password}", access.user))
        ))),
        ConnectLogin::Bearer => Some(Secret::new(format!("Bearer {password}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_login_has_its_header() {
        let mut access = ConnectAccess {
            urls: vec!["http://h:8083".into()],
            login: ConnectLogin::Basic,
            user: "Aladdin".into(),
            password: Some(Secret::new("open sesame")),
            ca_file: None,
        };
        let shown = |access: &ConnectAccess| authorization(access).map(|secret| secret.reveal().to_owned());
        assert_eq!(
            shown(&access).as_deref(),
            Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        );
        access.login = ConnectLogin::Bearer;
        assert_eq!(shown(&access).as_deref(), Some("Bearer open sesame"));
        access.login = ConnectLogin::None;
        assert_eq!(shown(&access), None);
    }
}
