//! Places: other computers whose data folders a window looks at.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::COMMAND_NAMES;
use super::command::Command;
use crate::core::Operation;
use crate::places::{FarApp, FarInfo, Host, Place, PlaceColour, Ssh, Standing};
use crate::{App, AppError, Result};

/// Lists the places, and where their connections stand.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlaceList {}

/// Keeps a place: name, colour, and how its computer is reached.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlacePut {
    /// Which place is described again; none for a new one.
    pub id: Option<String>,
    /// What it is called.
    pub name: String,
    /// Its mark beside the name.
    pub colour: PlaceColour,
    /// `user@host[:data folder]`.
    pub host: String,
}

/// Forgets a place. What is kept on its computer stays as it is.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlaceRemove {
    /// Id.
    pub place: String,
}

/// Connects to a computer as a place would, and says what it finds.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlaceTest {
    /// `user@host[:data folder]`.
    pub host: String,
}

/// Connects to a place at once, where that waits.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlaceRetry {
    /// Id.
    pub place: String,
}

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlaceView {
    /// The place.
    #[serde(flatten)]
    pub place: Place,
    /// Where its connection stands.
    pub connection: ConnectionView,
}

/// Where the connection of a place stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ConnectionView {
    /// In a word.
    pub state: ConnectionState,
    /// Why there is none.
    pub error: Option<AppError>,
    /// When it is tried again, in ms from now on.
    #[ts(type = "number | null")]
    pub retry_in_ms: Option<u64>,
    /// What is known of the other side, while it is connected.
    pub far: Option<FarView>,
}

/// Where the connection of a place stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// The place was not chosen yet.
    None,
    /// It is being made.
    Connecting,
    /// Commands are taken.
    Connected,
    /// It was lost and is made again.
    Lost,
    /// It cannot be made until a person has mended something.
    Refused,
}

/// What is known of the other side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FarView {
    /// Version of `sluice` there.
    pub version: String,
    /// The data folder there.
    pub data_dir: String,
    /// Whether a program there runs the tasks of the folder.
    pub runs_tasks: bool,
    /// Its version, if that is another one than what is installed there.
    pub other_daemon_version: Option<String>,
    /// Commands of this version that are not known there.
    pub missing: Vec<String>,
}

/// What a test of a place has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlaceCheck {
    /// Whether the place can be used.
    pub ok: bool,
    /// Why not.
    pub error: Option<AppError>,
    /// What is known of the other side.
    pub far: Option<FarView>,
}

impl Command for PlaceList {
    const NAME: &'static str = "place_list";
    type Answer = Vec<PlaceView>;

    fn run(self, app: &App) -> Result<Vec<PlaceView>> {
        let places = app.places.list()?;
        Ok(places
            .into_iter()
            .map(|place| PlaceView {
                connection: connection(app.places.standing(&place.id)),
                place,
            })
            .collect())
    }
}

impl Command for PlacePut {
    const NAME: &'static str = "place_put";
    type Answer = Place;

    fn run(self, app: &App) -> Result<Place> {
        let is_new = self.id.is_none();
        let id = self.id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        let value = serde_json::json!({ "name": self.name, "host": self.host });
        Operation::new(Self::NAME, "place", &id, &self.name)
            .after(value)
            .run(&app.core.store, || {
                app.places.put(&id, is_new, &self.name, self.colour, &self.host)
            })
    }
}

impl Command for PlaceRemove {
    const NAME: &'static str = "place_remove";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        let place = app.places.place(&self.place)?;
        Operation::new(Self::NAME, "place", &place.id, &place.name)
            .run(&app.core.store, || app.places.remove(&place.id))
    }
}

impl Command for PlaceTest {
    const NAME: &'static str = "place_test";
    type Answer = PlaceCheck;

    fn run(self, _: &App) -> Result<PlaceCheck> {
        let host: Host = self
            .host
            .parse()
            .map_err(|error: crate::InvalidHost| AppError::field("host", error.to_string()))?;
        let far = FarApp::start(host, Ssh::of_environment(false), Duration::ZERO, |_| ())?;
        Ok(match far.connected() {
            Ok(info) => PlaceCheck {
                ok: true,
                error: None,
                far: Some(view(info)),
            },
            Err(error) => PlaceCheck {
                ok: false,
                error: Some(error),
                far: None,
            },
        })
    }
}

impl Command for PlaceRetry {
    const NAME: &'static str = "place_retry";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        app.places.try_now(&self.place)
    }
}

fn connection(standing: Option<Standing>) -> ConnectionView {
    let nothing = ConnectionView {
        state: ConnectionState::None,
        error: None,
        retry_in_ms: None,
        far: None,
    };
    match standing {
        None => nothing,
        Some(Standing::Connecting) => ConnectionView {
            state: ConnectionState::Connecting,
            ..nothing
        },
        Some(Standing::Connected(info)) => ConnectionView {
            state: ConnectionState::Connected,
            far: Some(view(info)),
            ..nothing
        },
        Some(Standing::Lost { error, retry_in }) => ConnectionView {
            state: ConnectionState::Lost,
            error: Some(error),
            retry_in_ms: Some(u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX)),
            ..nothing
        },
        Some(Standing::Refused(error)) => ConnectionView {
            state: ConnectionState::Refused,
            error: Some(error),
            ..nothing
        },
    }
}

fn view(info: FarInfo) -> FarView {
    let missing = COMMAND_NAMES
        .iter()
        .filter(|name| !info.commands.iter().any(|known| known == *name));
    FarView {
        missing: missing.map(|&name| name.to_owned()).collect(),
        other_daemon_version: info.daemon_version.filter(|version| *version != info.version),
        version: info.version,
        data_dir: info.data_dir,
        runs_tasks: info.runs_tasks,
    }
}
