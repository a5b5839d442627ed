use serde::Serialize;
use sluice_app::{App, SettingsQuery};

/// The language of what the shell itself says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// 简体中文.
    ZhHans,
}

impl Language {
    /// What the settings say, or else the system.
    pub fn of(app: &App) -> Self {
        let chosen = app.call(SettingsQuery {}).map(|settings| {
            settings
                .values
                .get("language")
                .and_then(|value| value.as_str().map(str::to_owned))
        });
        match chosen {
            Ok(Some(language)) if language == "zh_hans" => Self::ZhHans,
            Ok(Some(_)) => Self::En,
            Ok(None) => Self::of_the_system(),
            Err(error) => {
                tracing::warn!(%error, "the language is that of the system");
                Self::of_the_system()
            }
        }
    }

    /// What the system says.
    pub fn of_the_system() -> Self {
        Self::of_locale(&sys_locale::get_locale().unwrap_or_default())
    }

    fn of_locale(locale: &str) -> Self {
        if locale.to_lowercase().starts_with("zh") {
            Self::ZhHans
        } else {
            Self::En
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_locales_read_chinese_and_all_others_english() {
        for locale in ["zh", "zh-CN", "zh_CN.UTF-8", "ZH-Hans"] {
            assert_eq!(Language::of_locale(locale), Language::ZhHans, "{locale}");
        }
        for locale in ["", "C", "en-GB", "de_DE.UTF-8"] {
            assert_eq!(Language::of_locale(locale), Language::En, "{locale}");
        }
    }
}
