//! A desktop for the tests of the window: it accepts icons of programs and notifications without showing them, and lets the test look
//! at them and click them. It takes one line of JSON a request on stdin and answers each with one on stdout.

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!("only desktops of Linux speak D-Bus")
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::io::{BufRead, Write};
    use std::sync::{Arc, Mutex, PoisonError};

    use anyhow::{Context, anyhow, bail};
    use serde::Serialize;
    use serde_json::{Value as Json, json};
    use x11rb::connection::Connection as _;
    use x11rb::protocol::xproto::{AtomEnum, ClientMessageEvent, ConnectionExt, EventMask, MapState};
    use x11rb::rust_connection::RustConnection;
    use zbus::message::Header;
    use zbus::{Connection, OwnedObjectPath, OwnedVariant, Structure, Variant, connection, interface};

    const WATCHER: &str = "/StatusNotifierWatcher";
    const NOTIFICATIONS: &str = "/org/freedesktop/Notifications";
    const ITEM: &str = "org.kde.StatusNotifierItem";
    const MENU: &str = "com.canonical.dbusmenu";

    /// Id, properties and children of a menu's line.
    type Line = (i32, HashMap<String, OwnedVariant>, Vec<OwnedVariant>);

    /// What programs have shown.
    #[derive(Default)]
    struct Shown {
        /// Bus name and path of icons.
        items: Vec<(String, String)>,
        notifications: Vec<Notification>,
    }

    #[derive(Clone, Serialize)]
    struct Notification {
        id: u32,
        app: String,
        title: String,
        body: String,
        actions: Vec<String>,
    }

    type Shared = Arc<Mutex<Shown>>;

    fn locked(shown: &Shared) -> std::sync::MutexGuard<'_, Shown> {
        shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    struct Watcher(Shared);

    #[interface(name = "org.kde.StatusNotifierWatcher")]
    impl Watcher {
        fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: Header<'_>) {
            let sender = header.sender().map(ToString::to_string).unwrap_or_default();
            // Programs give a path of their own, or a name of theirs with the usual path.
            let item = if service.starts_with('/') {
                (sender, service.to_owned())
            } else {
                (service.to_owned(), "/StatusNotifierItem".to_owned())
            };
            locked(&self.0).items.push(item);
        }

        fn register_status_notifier_host(&self, _service: &str) {}

        #[zbus(property)]
        fn registered_status_notifier_items(&self) -> Vec<String> {
            locked(&self.0)
                .items
                .iter()
                .map(|(name, path)| format!("{name}{path}"))
                .collect()
        }

        #[zbus(property)]
        fn is_status_notifier_host_registered(&self) -> bool {
            true
        }

        #[zbus(property)]
        fn protocol_version(&self) -> i32 {
            0
        }
    }

    struct Notifications(Shared);

    #[interface(name = "org.freedesktop.Notifications")]
    impl Notifications {
        #[expect(clippy::too_many_arguments, reason = "the specification has so many")]
        fn notify(
            &self,
            app: String,
            _replaces: u32,
            _icon: String,
            title: String,
            body: String,
            actions: Vec<String>,
            _hints: HashMap<String, OwnedVariant>,
            _timeout: i32,
        ) -> u32 {
            let mut shown = locked(&self.0);
            let id = shown.notifications.len() as u32 + 1;
            shown.notifications.push(Notification {
                id,
                app,
                title,
                body,
                actions,
            });
            id
        }

        fn close_notification(&self, _id: u32) {}

        fn get_capabilities(&self) -> Vec<&'static str> {
            vec!["actions", "body", "body-markup", "persistence"]
        }

        fn get_server_information(&self) -> (&'static str, &'static str, &'static str, &'static str) {
            ("fake-desktop", "Sluice's tests", "1", "1.2")
        }
    }

    pub fn main() -> anyhow::Result<()> {
        let shown = Shared::default();
        let bus = zbus::block_on(
            connection::Builder::session()
                .serve_at(WATCHER, Watcher(shown.clone()))
                .serve_at(NOTIFICATIONS, Notifications(shown.clone()))
                .name("org.kde.StatusNotifierWatcher")
                .name("org.freedesktop.Notifications")
                .build(),
        )?;
        answer(&json!("ready"))?;
        // Outside of what drives the bus, which has to answer meanwhile.
        for line in std::io::stdin().lock().lines() {
            let request: Json = serde_json::from_str(&line?)?;
            let done = zbus::block_on(carry_out(&bus, &shown, &request));
            answer(&done.unwrap_or_else(|error| json!({ "error": format!("{error:#}") })))?;
        }
        Ok(())
    }

    fn answer(answer: &Json) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()
    }

    async fn carry_out(bus: &Connection, shown: &Shared, request: &Json) -> anyhow::Result<Json> {
        match request["do"].as_str() {
            Some("notifications") => Ok(json!(locked(shown).notifications)),
            Some("click_notification") => {
                let id = u32::try_from(request["id"].as_u64().context("which?")?)?;
                let path = NOTIFICATIONS;
                bus.emit_signal(
                    None::<&str>,
                    path,
                    "org.freedesktop.Notifications",
                    "ActionInvoked",
                    &(id, "default"),
                )
                .await?;
                Ok(json!(true))
            }
            Some("icon") => {
                let item = item(shown)?;
                let name: String = property(bus, &item, "IconName").await?.try_into()?;
                Ok(json!(name))
            }
            Some("menu") => {
                let lines = menu(bus, &item(shown)?).await?;
                Ok(json!(
                    lines.into_iter().map(|(_, label)| label).collect::<Vec<_>>()
                ))
            }
            Some("click_menu") => {
                let item = item(shown)?;
                let wanted = request["label"].as_str().context("which?")?;
                let lines = menu(bus, &item).await?;
                let (id, _) = lines
                    .iter()
                    .find(|(_, label)| label.contains(wanted))
                    .ok_or_else(|| anyhow!("'{wanted}' is not in the menu: {lines:?}"))?;
                let path = menu_path(bus, &item).await?;
                bus.call_method(
                    Some(item.0.as_str()),
                    path.as_str(),
                    Some(MENU),
                    "Event",
                    &(*id, "clicked", Variant::from(0), 0_u32),
                )
                .await?;
                Ok(json!(true))
            }
            Some("is_shown") => Ok(json!(window(request)?.is_shown()?)),
            Some("close_window") => {
                window(request)?.close()?;
                Ok(json!(true))
            }
            other => bail!("what is {other:?}?"),
        }
    }

    /// A window, as a window manager has it.
    struct Window {
        x: RustConnection,
        id: u32,
    }

    fn window(request: &Json) -> anyhow::Result<Window> {
        let title = request["title"].as_str().context("which?")?;
        let (x, screen) = x11rb::connect(None)?;
        let root = x.setup().roots[screen].root;
        // Without a window manager every window is a child of the root.
        let all = x.query_tree(root)?.reply()?.children;
        for id in all {
            let name = x
                .get_property(false, id, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 256)?
                .reply()?;
            let protocols = atom(&x, b"WM_PROTOCOLS")?;
            let has_protocols = x
                .get_property(false, id, protocols, AtomEnum::ATOM, 0, 16)?
                .reply()?
                .value_len
                > 0;
            if name.value == title.as_bytes() && has_protocols {
                return Ok(Window { x, id });
            }
        }
        bail!("there is no window '{title}'")
    }

    fn atom(x: &RustConnection, name: &[u8]) -> anyhow::Result<u32> {
        Ok(x.intern_atom(false, name)?.reply()?.atom)
    }

    impl Window {
        fn is_shown(&self) -> anyhow::Result<bool> {
            let attributes = self.x.get_window_attributes(self.id)?.reply()?;
            Ok(attributes.map_state == MapState::VIEWABLE)
        }

        /// As the cross in its frame does.
        fn close(&self) -> anyhow::Result<()> {
            let message = ClientMessageEvent::new(
                32,
                self.id,
                atom(&self.x, b"WM_PROTOCOLS")?,
                [atom(&self.x, b"WM_DELETE_WINDOW")?, 0, 0, 0, 0],
            );
            self.x
                .send_event(false, self.id, EventMask::NO_EVENT, message)?
                .check()?;
            Ok(())
        }
    }

    /// The icon of the program that was started last.
    fn item(shown: &Shared) -> anyhow::Result<(String, String)> {
        locked(shown)
            .items
            .last()
            .cloned()
            .context("no program has an icon")
    }

    async fn property(bus: &Connection, item: &(String, String), name: &str) -> anyhow::Result<OwnedVariant> {
        let answer = bus
            .call_method(
                Some(item.0.as_str()),
                item.1.as_str(),
                Some("org.freedesktop.DBus.Properties"),
                "Get",
                &(ITEM, name),
            )
            .await?;
        Ok(answer.body().deserialize::<Variant<'_>>()?.try_to_owned()?)
    }

    async fn menu_path(bus: &Connection, item: &(String, String)) -> anyhow::Result<String> {
        let path: OwnedObjectPath = property(bus, item, "Menu").await?.try_into()?;
        Ok(path.to_string())
    }

    /// Ids and labels of the menu's lines, from top to bottom.
    async fn menu(bus: &Connection, item: &(String, String)) -> anyhow::Result<Vec<(i32, String)>> {
        let path = menu_path(bus, item).await?;
        let answer = bus
            .call_method(
                Some(item.0.as_str()),
                path.as_str(),
                Some(MENU),
                "GetLayout",
                &(0_i32, -1_i32, vec!["label"]),
            )
            .await?;
        let body = answer.body();
        // The menu has no menus in it: its lines are the children of the root.
        let (_, (_, _, children)): (u32, Line) = body.deserialize()?;
        let mut lines = Vec::new();
        for child in children {
            let line = Structure::try_from(child)?;
            let [Variant::I32(id), properties, ..] = line.fields() else {
                bail!("this is no line of a menu: {line:?}");
            };
            let properties = HashMap::<String, OwnedVariant>::try_from(properties.try_clone()?)?;
            if let Some(label) = properties.get("label") {
                // An underscore marks the letter of the keyboard.
                lines.push((*id, String::try_from(label.try_clone()?)?.replace('_', "")));
            }
        }
        Ok(lines)
    }
}
