//! The places of a window: what is kept of them, and their connections.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::Receiver;
use serde_json::Value;
use serde_json::value::RawValue;
use sluice_alerts::{DesktopNotifier, Message};

use super::far_app::{FarApp, Standing};
use super::host::Host;
use super::place::{Place, PlaceColour};
use super::ssh::Ssh;
use crate::clock::now_ms;
use crate::core::Core;
use crate::{AppError, AppEvent, ErrorCode, Result};

/// Where the places are kept among the settings of this computer's folder.
const SETTING: &str = "places";
/// A page shows that a connection is lost, and does not wait for the next one.
const PATIENCE: Duration = Duration::ZERO;
/// How many places there may be; each that was chosen has a process of ssh.
const MOST: usize = 50;

/// The places of this computer's folder. A connection begins when its place is first asked for, and is kept from then on, so
/// that its alerts are shown whichever place is looked at.
pub(crate) struct OpenPlaces {
    core: Arc<Core>,
    desktop: Option<Arc<dyn DesktopNotifier>>,
    open: Arc<Mutex<BTreeMap<String, Arc<FarApp>>>>,
}

impl OpenPlaces {
    pub(crate) fn new(core: Arc<Core>, desktop: Option<Arc<dyn DesktopNotifier>>) -> Self {
        Self {
            core,
            desktop,
            open: Arc::default(),
        }
    }

    /// All places by their names.
    pub(crate) fn list(&self) -> Result<Vec<Place>> {
        let Some(kept) = self.core.store.setting(SETTING)? else {
            return Ok(Vec::new());
        };
        serde_json::from_value(kept)
            .map_err(|error| AppError::new(ErrorCode::Storage, format!("the places cannot be read: {error}")))
    }

    /// The place of an id.
    pub(crate) fn place(&self, id: &str) -> Result<Place> {
        let known = self.list()?.into_iter().find(|place| place.id == id);
        known.ok_or_else(|| AppError::not_found("place", id))
    }

    /// Keeps a place: a new one, or another description of one that there is.
    pub(crate) fn put(
        &self,
        id: &str,
        is_new: bool,
        name: &str,
        colour: PlaceColour,
        host: &str,
    ) -> Result<Place> {
        let mut places = self.list()?;
        if !is_new {
            self.place(id)?;
        } else if places.len() >= MOST {
            return Err(AppError::new(
                ErrorCode::Refused,
                format!("there are {MOST} places already; remove one that is not used any more"),
            ));
        }
        let place = Place::new(id, name, colour, host, &places).map_err(AppError::fields)?;
        places.retain(|other| other.id != place.id);
        places.push(place.clone());
        places.sort_by_key(|place| place.name.to_lowercase());
        self.keep(&places)?;
        // One to another computer is made when it is asked for. Dropped outside of the lock, which its thread may want.
        let old = {
            let mut open = self.locked();
            let is_elsewhere = open.get(&place.id).is_some_and(|app| *app.host() != place.host);
            is_elsewhere.then(|| open.remove(&place.id)).flatten()
        };
        drop(old);
        self.publish_change();
        Ok(place)
    }

    /// Forgets a place; what is kept on its computer stays.
    pub(crate) fn remove(&self, id: &str) -> Result<()> {
        let place = self.place(id)?;
        let mut places = self.list()?;
        places.retain(|other| other.id != place.id);
        self.keep(&places)?;
        let old = self.locked().remove(id);
        drop(old);
        self.publish_change();
        Ok(())
    }

    /// Where the connection of a place stands; none if the place was not asked for yet.
    pub(crate) fn standing(&self, id: &str) -> Option<Standing> {
        self.locked().get(id).map(|app| app.standing())
    }

    /// Connects at once, where it waits.
    pub(crate) fn try_now(&self, id: &str) -> Result<()> {
        self.app(id)?.try_now();
        Ok(())
    }

    /// Has a command carried out there that came by name.
    pub(crate) fn call_by_name(&self, id: &str, command: &str, request: Value) -> Result<Box<RawValue>> {
        self.app(id)?.call_by_name(command, request)
    }

    /// Hears of everything there, and of all places.
    pub(crate) fn subscribe(&self, id: &str) -> Result<Receiver<AppEvent>> {
        Ok(self.app(id)?.subscribe())
    }

    /// Ends all connections.
    pub(crate) fn close(&self) {
        let all = std::mem::take(&mut *self.locked());
        drop(all);
    }

    fn keep(&self, places: &[Place]) -> Result<()> {
        let value = serde_json::to_value(places)
            .map_err(|error| AppError::new(ErrorCode::Internal, error.to_string()))?;
        Ok(self.core.store.set_setting(SETTING, &value)?)
    }

    fn app(&self, id: &str) -> Result<Arc<FarApp>> {
        if let Some(app) = self.locked().get(id) {
            return Ok(Arc::clone(app));
        }
        let place = self.place(id)?;
        let mut open = self.locked();
        if let Some(app) = open.get(id) {
            return Ok(Arc::clone(app));
        }
        let app = Arc::new(self.start(place.host)?);
        open.insert(place.id.clone(), Arc::clone(&app));
        drop(open);
        self.watch(place.id, &app)?;
        self.publish_change();
        Ok(app)
    }

    fn start(&self, host: Host) -> Result<FarApp> {
        let (core, open) = (Arc::downgrade(&self.core), Arc::downgrade(&self.open));
        FarApp::start(host, Ssh::of_environment(false), PATIENCE, move |_| {
            if let (Some(core), Some(open)) = (core.upgrade(), open.upgrade()) {
                publish_change(&core, &open);
            }
        })
    }

    /// Shows the alerts of a place until its connection is closed.
    fn watch(&self, id: String, app: &Arc<FarApp>) -> Result<()> {
        let Some(desktop) = self.desktop.clone() else {
            return Ok(());
        };
        let (events, core) = (app.subscribe(), Arc::downgrade(&self.core));
        let spawned = std::thread::Builder::new()
            .name("sluice-place-alerts".into())
            .spawn(move || {
                for event in events {
                    let Some(core) = core.upgrade() else {
                        return;
                    };
                    if let AppEvent::Alert { title, body, .. } = event {
                        show(&*desktop, &core, &id, &title, body);
                    }
                }
            });
        spawned.map(drop).map_err(|error| {
            AppError::new(
                ErrorCode::Internal,
                format!("no thread for a connection: {error}"),
            )
        })
    }

    fn publish_change(&self) {
        publish_change(&self.core, &self.open);
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Arc<FarApp>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells every page, whichever place it shows.
fn publish_change(core: &Core, open: &Mutex<BTreeMap<String, Arc<FarApp>>>) {
    core.bus.publish(&AppEvent::PlacesChanged);
    // Under the lock, which publishing does not wait for: a thread of a connection must never be the last to hold one.
    for app in open.lock().unwrap_or_else(PoisonError::into_inner).values() {
        app.publish(&AppEvent::PlacesChanged);
    }
}

/// Shows an alert with the name of its place, which may have changed since.
fn show(desktop: &dyn DesktopNotifier, core: &Core, id: &str, title: &str, body: String) {
    let places = core.store.setting(SETTING).ok().flatten();
    let places: Vec<Place> = places
        .and_then(|kept| serde_json::from_value(kept).ok())
        .unwrap_or_default();
    let name = places
        .iter()
        .find(|place| place.id == id)
        .map(|place| place.name.as_str());
    let message = Message {
        title: match name {
            Some(name) => format!("{name}: {title}"),
            None => title.to_owned(),
        },
        body,
        at_ms: now_ms(),
        // Its task is not one of this computer: a click opens the window.
        alert: None,
    };
    if let Err(error) = desktop.notify(&message) {
        tracing::warn!(%error, "a notification of a place could not be shown");
    }
}
