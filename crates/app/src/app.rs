use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use sluice_alerts::DesktopNotifier;
use sluice_store::{Owner, SecretLevel, SecretPreference, SqliteStore, open_secrets};

use crate::alerts::{Alarm, RetentionWatch};
use crate::chore::Chore;
use crate::core::{Core, RetentionEnds, StoppedPartitions, TaskLog, Turns};
use crate::cutover::{Clusters, Cutovers};
use crate::demo::DemoHost;
use crate::metrics::{METRICS_SETTING, MetricsAddress, MetricsServer};
use crate::places::OpenPlaces;
use crate::schema::{AppEvent, EventBus};
use crate::tasks::{
    Checks, ConfigurationSyncing, Copying, GroupSyncs, GroupWatch, Readinesses, ScheduledVerifying,
    Supervisor, Verifications, after_a_kill,
};
use crate::{AppError, ErrorCode, Result, housekeeping};

/// How often what runs is compared with what is to run.
const RECONCILE_EVERY: Duration = Duration::from_millis(500);

/// How often tasks are looked at for alerts.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Setting: whether tasks that ran when the program ended run again when it starts.
pub(crate) const RESUME_SETTING: &str = "resume_after_restart";

/// How the application is opened.
pub struct Opening {
    /// The folder with everything that is kept.
    pub dir: PathBuf,
    /// Which program opens it, as others read it that find the folder taken: `sluice daemon`.
    pub program: String,
    /// Where secrets are kept.
    pub secrets: SecretPreference,
    /// Whether this program runs the tasks; a program for one command does not.
    pub runs_tasks: bool,
    /// Shows notifications, where there is a desktop.
    pub desktop: Option<Arc<dyn DesktopNotifier>>,
    /// Runs the demonstration's clusters, where the program brings them along.
    pub demo: Option<Arc<dyn DemoHost>>,
}

/// The application behind every shell: commands, and tasks that run. One program at a time has a data folder.
pub struct App {
    pub(crate) core: Arc<Core>,
    pub(crate) supervisor: Arc<Supervisor>,
    pub(crate) alarm: Arc<Alarm>,
    pub(crate) verifications: Arc<Verifications>,
    pub(crate) checks: Checks,
    pub(crate) cutovers: Cutovers,
    pub(crate) readinesses: Readinesses,
    pub(crate) groups: Arc<GroupSyncs>,
    pub(crate) demo: Option<Arc<dyn DemoHost>>,
    pub(crate) places: OpenPlaces,
    housekeeping: Option<(Sender<()>, JoinHandle<()>)>,
    watchers: Option<Watchers>,
    metrics: Mutex<Option<MetricsServer>>,
    owner: Owner,
}

impl App {
    /// Opens a data folder and, where this program runs tasks, resumes what ran when the last one ended.
    ///
    /// # Errors
    /// Another program has the folder; the database or the secrets cannot be opened.
    pub fn open(opening: Opening) -> Result<Self> {
        // The database's folder is made with it; the owner's lock needs it first.
        let store = Arc::new(SqliteStore::open(&opening.dir)?);
        let owner = Owner::take(&opening.dir, &opening.program)?;
        let secrets = open_secrets(&opening.dir, opening.secrets, store.has_secrets()?)?;
        let task_log = TaskLog::start(Arc::clone(&store))?;
        let core = Arc::new(Core {
            dir: opening.dir,
            stopped: StoppedPartitions::new(Arc::clone(&store)),
            store,
            task_log,
            secrets,
            bus: EventBus::default(),
            turns: Turns::default(),
            retention_ends: RetentionEnds::default(),
        });
        if opening.runs_tasks {
            crate::demo::remove_leftovers(&core)?;
        }
        after_a_kill(&core, may_resume(&core, opening.runs_tasks)?)?;
        if opening.runs_tasks {
            core.store.fail_running_modifications(
                "the program ended before it was done; look at the topics and repeat it",
                crate::clock::now_ms(),
            )?;
        }
        let supervisor = Arc::new(Supervisor::new(
            Arc::clone(&core),
            Arc::new(Copying),
            opening.runs_tasks,
        ));
        let places = OpenPlaces::new(Arc::clone(&core), opening.desktop.clone());
        let alarm = Arc::new(Alarm::open(Arc::clone(&core), opening.desktop)?);
        let housekeeping = if opening.runs_tasks {
            supervisor.reconcile()?;
            Some(start_housekeeping(&core, &supervisor, &alarm)?)
        } else {
            None
        };
        let metrics = if opening.runs_tasks {
            metrics_of_setting(&core, &supervisor)?
        } else {
            None
        };
        let groups = Arc::new(GroupSyncs::default());
        let verifications = Arc::new(Verifications::default());
        let watchers = opening
            .runs_tasks
            .then(|| Watchers::start(&core, &supervisor, &alarm, &groups, &verifications))
            .transpose()?;
        Ok(Self {
            core,
            supervisor,
            alarm,
            verifications,
            checks: Checks::default(),
            cutovers: Cutovers::default(),
            readinesses: Readinesses::default(),
            groups,
            demo: opening.demo,
            places,
            housekeeping,
            watchers,
            metrics: Mutex::new(metrics),
            owner,
        })
    }

    /// Serves the numbers of tasks at an address from now on, instead of another one; nowhere for `None`. Returns where:
    /// the port may be the system's choice.
    ///
    /// # Errors
    /// The address cannot be used; nothing is served then.
    pub fn serve_metrics(&self, address: Option<&MetricsAddress>) -> Result<Option<SocketAddr>> {
        let mut serving = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        // The earlier one may have the same port.
        drop(serving.take());
        let server = address
            .map(|address| MetricsServer::start(address, &self.core, &self.supervisor))
            .transpose()?;
        let address = server.as_ref().map(MetricsServer::address);
        *serving = server;
        Ok(address)
    }

    /// Gives a folder without alert rules of its own those that a person most probably wants, each on the desktop; once, so
    /// that what is removed does not come back.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub fn provide_default_rules(&self) -> Result<()> {
        self.alarm.provide_default_rules()
    }

    /// Clusters and tasks, as a cut-over needs them.
    pub(crate) fn clusters(&self) -> Clusters<'_> {
        Clusters::new(
            &self.core,
            &self.supervisor,
            &self.verifications,
            self.cutovers.cancelled(),
        )
    }

    /// Lets a step of a cut-over that waits give up, because the program ends; it goes on with the next call.
    pub(crate) fn give_up_waiting(&self) {
        self.cutovers.cancel();
        self.verifications.close();
    }

    /// Hears of everything from now on. Ask for snapshots after this, not before: nothing is lost between then.
    pub fn subscribe(&self) -> Receiver<AppEvent> {
        self.core.bus.subscribe()
    }

    /// Hears of everything in a place, or here without one, and of the places.
    ///
    /// # Errors
    /// There is no such place.
    pub fn subscribe_at(&self, place: Option<&str>) -> Result<Receiver<AppEvent>> {
        match place {
            None => Ok(self.subscribe()),
            Some(place) => self.places.subscribe(place),
        }
    }

    /// The folder with everything that is kept.
    pub fn dir(&self) -> &Path {
        &self.core.dir
    }

    /// Where secrets are kept.
    pub fn secret_level(&self) -> SecretLevel {
        self.core.secrets.level()
    }

    /// Tells other programs where this one takes commands.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn publish_endpoint(&self, endpoint: &str) -> Result<()> {
        Ok(self.owner.publish_endpoint(endpoint)?)
    }

    /// Ends every task cleanly and closes. Tasks that ran go on at the next start.
    pub fn close(mut self) {
        self.wind_up(&|_| ());
    }

    /// As [`App::close`]; `report` gets how many tasks have not ended yet, until there is none.
    pub fn close_reporting(mut self, report: &dyn Fn(usize)) {
        self.wind_up(report);
    }

    fn wind_up(&mut self, report: &dyn Fn(usize)) {
        drop(
            self.metrics
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        self.places.close();
        self.give_up_waiting();
        self.readinesses.cancel_all();
        self.groups.close();
        drop(self.watchers.take());
        if let Some((stop, thread)) = self.housekeeping.take() {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("the supervisor's thread panicked");
            }
        }
        self.supervisor.shut_down(report);
        self.alarm.close();
        self.core.task_log.close(TaskLog::LAST_LINES);
        // After the tasks, which still end their transactions on it.
        if let Some(demo) = &self.demo {
            demo.stop();
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.wind_up(&|_| ());
    }
}

/// Threads that look after tasks beside their runs. They end in this order when it is dropped.
struct Watchers {
    _retention: RetentionWatch,
    _configuration: ConfigurationSyncing,
    _groups: GroupWatch,
    _verifications: ScheduledVerifying,
}

impl Watchers {
    fn start(
        core: &Arc<Core>,
        supervisor: &Arc<Supervisor>,
        alarm: &Arc<Alarm>,
        groups: &Arc<GroupSyncs>,
        verifications: &Arc<Verifications>,
    ) -> Result<Self> {
        let (core, supervisor) = (|| Arc::clone(core), || Arc::clone(supervisor));
        Ok(Self {
            _retention: RetentionWatch::start(core(), supervisor(), Arc::clone(alarm))?,
            _configuration: ConfigurationSyncing::start(core())?,
            _groups: GroupWatch::start(core(), supervisor(), Arc::clone(groups))?,
            _verifications: ScheduledVerifying::start(core(), supervisor(), Arc::clone(verifications))?,
        })
    }
}

/// Serves numbers where the setting says so. A port that is taken is no reason not to run tasks.
fn metrics_of_setting(core: &Arc<Core>, supervisor: &Arc<Supervisor>) -> Result<Option<MetricsServer>> {
    let setting = core.store.setting(METRICS_SETTING)?;
    let Some(text) = setting
        .as_ref()
        .and_then(|value| value.as_str())
        .filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    let started = text
        .parse::<MetricsAddress>()
        .map_err(|error| AppError::new(ErrorCode::InvalidInput, error.to_string()))
        .and_then(|address| MetricsServer::start(&address, core, supervisor));
    match started {
        Ok(server) => Ok(Some(server)),
        Err(error) => {
            tracing::warn!(%error, "metrics are not served");
            Ok(None)
        }
    }
}

/// Whether tasks that were running go on by themselves. A program for one command leaves them to the next that runs tasks.
fn may_resume(core: &Core, runs_tasks: bool) -> Result<bool> {
    let wanted = core.store.setting(RESUME_SETTING)?;
    Ok(!runs_tasks || wanted.and_then(|value| value.as_bool()).unwrap_or(true))
}

/// Starts the thread of [`keep_house`]; it ends when the sender is dropped.
fn start_housekeeping(
    core: &Arc<Core>,
    supervisor: &Arc<Supervisor>,
    alarm: &Arc<Alarm>,
) -> Result<(Sender<()>, JoinHandle<()>)> {
    let (stop, stopped) = bounded(0);
    let (supervisor, alarm, core) = (Arc::clone(supervisor), Arc::clone(alarm), Arc::clone(core));
    let thread = std::thread::Builder::new()
        .name("sluice-supervisor".into())
        .spawn(move || keep_house(&core, &supervisor, &alarm, &stopped))
        .map_err(|error| {
            AppError::new(
                ErrorCode::Internal,
                format!("no thread for the supervisor: {error}"),
            )
        })?;
    Ok((stop, thread))
}

/// Until `stopped` is closed: starts what is to run, watches for alerts, and keeps the database small. Each of these is
/// tried again when it fails; one that panics is left alone for longer and longer.
fn keep_house(core: &Core, supervisor: &Supervisor, alarm: &Alarm, stopped: &Receiver<()>) {
    let mut chores = [
        Chore::new("tasks that are to run could not be started", RECONCILE_EVERY),
        Chore::new("alerts could not be looked at", LOOK_EVERY),
        Chore::new("old rows could not be cleared away", housekeeping::EVERY),
    ];
    loop {
        match stopped.recv_timeout(RECONCILE_EVERY) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        let [starts, alerts, rows] = &mut chores;
        starts.when_due(|| supervisor.reconcile());
        alerts.when_due(|| alarm.look(supervisor));
        rows.when_due(|| housekeeping::sweep(core));
    }
}
