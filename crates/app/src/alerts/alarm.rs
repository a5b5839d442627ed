//! Rules and channels at work: tasks are observed, alerts decided, delivered and kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use sluice_alerts::{
    Alert, AlertPhase, Channel, ChannelSecrets, Clock, Courier, DESKTOP_CHANNEL_ID, DesktopNotifier,
    DispatchSettings, Dispatcher, Disposition, Job, Language, Message, NoDesktop, Observation, QuietHours,
    Rule, Suppression, decide,
};
use sluice_engine::{CheckpointStore, Progress, StoreError};
use sluice_model::{Secret, TaskId, TaskName};
use sluice_store::{AlertRow, ChannelRow, RuleRow, TaskFilter};

use super::alert_memory::{AlertMemory, Errand};
use crate::clock::now_ms;
use crate::core::{self, Core};
use crate::schema::{AppEvent, LogEvent};
use crate::tasks::Supervisor;
use crate::{AppError, ErrorCode, Result};

/// Setting: quiet hours, a list.
pub(crate) const QUIET_SETTING: &str = "quiet_hours";
/// Setting: the language of messages, `en` or `zh_hans`.
pub(crate) const LANGUAGE_SETTING: &str = "language";
/// Setting: the rules of a new folder were put.
const DEFAULTS_SETTING: &str = "default_rules";
/// How long deliveries may take when the program ends.
const LAST_DELIVERIES: Duration = Duration::from_secs(5);

/// What a task's rules compare with what was before.
#[derive(Clone)]
struct Counts {
    gaps: u64,
    quarantined: u64,
    latest_gap: String,
}

/// Observes tasks, and alerts people as their rules say.
pub(crate) struct Alarm {
    core: Arc<Core>,
    memory: Arc<AlertMemory>,
    dispatcher: Mutex<Option<Dispatcher>>,
    courier: Courier,
    /// Counts of each task as last known: those of a task that does not run must not look like a new beginning.
    counted: Mutex<BTreeMap<String, Counts>>,
    /// What is on its way, by job.
    sent: Arc<Mutex<BTreeMap<String, AlertRow>>>,
}

impl Alarm {
    pub(crate) fn open(core: Arc<Core>, desktop: Option<Arc<dyn DesktopNotifier>>) -> Result<Self> {
        let desktop = desktop.unwrap_or_else(|| Arc::new(NoDesktop));
        let memory = Arc::new(AlertMemory::open(Arc::clone(&core.store))?);
        let courier = Courier::new(desktop);
        let sent: Arc<Mutex<BTreeMap<String, AlertRow>>> = Arc::default();
        let clock: Clock = Arc::new(now_ms);
        let report = {
            let (core, sent, memory) = (Arc::clone(&core), Arc::clone(&sent), Arc::clone(&memory));
            Box::new(move |delivery: sluice_alerts::Delivery| {
                let row = sent
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(&delivery.job_id);
                if let Some(row) = row {
                    keep(&core, &closed(row, &delivery));
                }
                memory.done(&delivery.job_id);
            })
        };
        let dispatcher = Dispatcher::start(courier.clone(), DispatchSettings::default(), clock, report)
            .map_err(|error| AppError::new(ErrorCode::Internal, format!("no thread for alerts: {error}")))?;
        Ok(Self {
            core,
            memory,
            dispatcher: Mutex::new(Some(dispatcher)),
            courier,
            counted: Mutex::default(),
            sent,
        })
    }

    /// Looks at every task once.
    pub(crate) fn look(&self, supervisor: &Supervisor) -> Result<()> {
        let rules = self.rules()?;
        let (rows, _) = self.core.store.tasks(&TaskFilter::default())?;
        let names: BTreeMap<String, String> = self
            .core
            .store
            .sources()?
            .into_iter()
            .map(|source| (source.id, source.name))
            .collect();
        let not_equal = self.core.store.not_equal_since()?;
        let mut muted = BTreeMap::new();
        let mut observations = Vec::with_capacity(rows.len());
        for row in rows {
            let live = supervisor.live(&core::task_id(&row)?);
            let progress = live.as_ref().and_then(|live| live.progress.as_deref());
            if let Some(until) = row.muted_until_ms {
                muted.insert(row.id.clone(), until);
            }
            let counts = self.counts(&row.id, progress)?;
            observations.push(Observation {
                source: names.get(&row.source_id).cloned(),
                target: names.get(&row.target_id).cloned(),
                since_ms: row.since_ms.unwrap_or(row.updated_ms),
                delay_ms: progress
                    .and_then(|p| p.delay_ms)
                    .and_then(|ms| u64::try_from(ms).ok()),
                lag: progress
                    .and_then(|p| p.lag_records)
                    .and_then(|n| u64::try_from(n).ok()),
                stuck_since_ms: live.as_ref().and_then(|live| live.stuck_since_ms),
                gaps: counts.gaps,
                latest_gap: counts.latest_gap,
                quarantined: counts.quarantined,
                not_equal_since_ms: not_equal.get(&row.id).copied(),
                retention_left_seconds: self
                    .core
                    .retention_ends
                    .seconds_left(&row.id, progress.and_then(|p| p.retention_left_seconds))
                    .and_then(|s| u64::try_from(s).ok()),
                task_id: row.id,
                task_name: row.name,
                state: row.state,
                reason: row.reason.unwrap_or_default(),
            });
        }
        let (alerts, errands) = self.memory.evaluate(&rules, &observations, now_ms());
        let language = self.language()?;
        for alert in alerts {
            self.log(&alert);
            let message = Message::of(alert, language);
            self.core.bus.publish(&AppEvent::Alert {
                task_id: message.task_id().unwrap_or_default().to_owned(),
                title: message.title,
                body: message.body,
            });
        }
        for errand in errands {
            let muted_until = muted.get(&errand.alert.task.task_id).copied();
            if let Err(error) = self.send(&errand, muted_until) {
                self.memory.put_off(&errand.id);
                tracing::error!(%error, rule = %errand.alert.rule_name, "an alert waits for its delivery");
            }
        }
        Ok(())
    }

    /// Tells the log of the task that an alert is about.
    fn log(&self, alert: &Alert) {
        let Ok(id) = TaskId::parse(&alert.task.task_id) else {
            return;
        };
        let (event, level, line) = match alert.phase {
            AlertPhase::Raised => (LogEvent::Alert, "warning", format!("alert: {}", alert.rule_name)),
            AlertPhase::Recovered => (
                LogEvent::AlertOver,
                "info",
                format!("alert over: {}", alert.rule_name),
            ),
            AlertPhase::Repeated => return,
        };
        self.core.log_event(&id, event, level, line);
    }

    fn counts(&self, id: &str, progress: Option<&Progress>) -> Result<Counts> {
        let mut counted = locked(&self.counted);
        let reported = progress.map(|progress| (progress.gaps, progress.quarantined));
        if let Some(known) = counted.get_mut(id)
            && reported.is_none_or(|(gaps, _)| gaps == known.gaps)
        {
            known.quarantined = reported.map_or(known.quarantined, |(_, quarantined)| quarantined);
            return Ok(known.clone());
        }
        let name = TaskName::new(id)?;
        let failed = |error: StoreError| AppError::new(ErrorCode::Storage, error.to_string());
        let kept = self.core.store.gaps(&name).map_err(failed)?;
        let (gaps, quarantined) = match reported {
            Some(reported) => reported,
            None => (
                kept.len() as u64,
                self.core.store.quarantined_count(&name).map_err(failed)?,
            ),
        };
        let latest = kept.into_iter().max_by_key(|gap| gap.found_at_ms);
        let counts = Counts {
            gaps,
            quarantined,
            // From the first to the last offset, which reads the same in every language.
            latest_gap: latest.map_or_else(String::new, |gap| {
                format!(
                    "{} {}–{}",
                    gap.key,
                    gap.range.from,
                    (gap.range.to - 1).max(gap.range.from)
                )
            }),
        };
        counted.insert(id.to_owned(), counts.clone());
        Ok(counts)
    }

    fn send(&self, errand: &Errand, muted_until_ms: Option<i64>) -> Result<()> {
        let Some((name, channel)) = self.channel_of(&errand.channel_id)? else {
            // It was removed between the alert and now.
            self.memory.done(&errand.id);
            return Ok(());
        };
        let disposition = decide(
            &self.quiet_hours()?,
            muted_until_ms,
            errand.alert.at_ms,
            &TimeZone::system(),
        );
        let message = Message::of(errand.alert.clone(), self.language()?);
        let row = AlertRow {
            id: 0,
            at_ms: errand.alert.at_ms,
            task_id: errand.alert.task.task_id.clone(),
            task_name: errand.alert.task.task_name.clone(),
            rule_name: errand.alert.rule_name.clone(),
            kind: match errand.alert.phase {
                AlertPhase::Recovered => "recovered",
                _ => "raised",
            }
            .to_owned(),
            channel_name: name,
            state: "sent".to_owned(),
            title: message.title.clone(),
            body: message.body.clone(),
            detail: None,
        };
        let (state, detail) = match (disposition, channel) {
            (Disposition::Suppressed { why }, _) => (
                "suppressed",
                match why {
                    Suppression::Muted { .. } => "the task is muted".to_owned(),
                    Suppression::QuietHours { .. } => "these are quiet hours".to_owned(),
                },
            ),
            (Disposition::Deliver, Ok(channel)) => {
                self.submit(errand.id.clone(), channel, message, row);
                return Ok(());
            }
            // The other channels get theirs.
            (Disposition::Deliver, Err(error)) => ("undeliverable", error.to_string()),
        };
        keep(
            &self.core,
            &AlertRow {
                state: state.to_owned(),
                detail: Some(detail),
                ..row
            },
        );
        self.memory.done(&errand.id);
        Ok(())
    }

    /// The name of a channel and the channel itself, whose secrets may be out of reach.
    fn channel_of(&self, id: &str) -> Result<Option<(String, Result<Channel>)>> {
        if id == DESKTOP_CHANNEL_ID {
            let desktop = Channel::desktop();
            return Ok(Some((desktop.name.clone(), Ok(desktop))));
        }
        let rows = self.core.store.channels()?;
        Ok(rows
            .into_iter()
            .find(|row| row.id == id)
            .map(|row| (row.name.clone(), self.channel(row))))
    }

    fn submit(&self, id: String, channel: Channel, message: Message, row: AlertRow) {
        locked(&self.sent).insert(id.clone(), row);
        let refused = match &*locked(&self.dispatcher) {
            Some(dispatcher) => dispatcher
                .submit(Job {
                    id: id.clone(),
                    channel,
                    message,
                })
                .err(),
            None => None,
        };
        if let Some(delivery) = refused
            && let Some(row) = locked(&self.sent).remove(&id)
        {
            keep(&self.core, &closed(row, &delivery));
            self.memory.done(&id);
        }
    }

    /// Sends a message to a channel now, and waits for it.
    pub(crate) fn test(&self, channel: &Channel) -> Result<()> {
        let message = Message::test(&channel.name, self.language()?, now_ms());
        let sent = self.courier.deliver(channel, &message, now_ms());
        keep(
            &self.core,
            &AlertRow {
                id: 0,
                at_ms: now_ms(),
                task_id: String::new(),
                task_name: String::new(),
                rule_name: String::new(),
                kind: "test".to_owned(),
                channel_name: channel.name.clone(),
                state: if sent.is_ok() { "sent" } else { "undeliverable" }.to_owned(),
                title: message.title,
                body: message.body,
                detail: sent.as_ref().err().map(ToString::to_string),
            },
        );
        sent.map_err(|error| AppError::new(ErrorCode::Refused, error.to_string()))
    }

    /// The rules: the one that is always there, and those that were made.
    pub(crate) fn rules(&self) -> Result<Vec<Rule>> {
        let mut rules = vec![Rule::on_failure()];
        for row in self.core.store.rules()? {
            match serde_json::from_value::<Rule>(row.body) {
                Ok(rule) => rules.push(rule),
                Err(error) => {
                    tracing::warn!(rule = %row.name, %error, "a rule of another version is left out")
                }
            }
        }
        Ok(rules)
    }

    /// Puts the rules of a new folder, once.
    pub(crate) fn provide_default_rules(&self) -> Result<()> {
        let store = &self.core.store;
        if store.setting(DEFAULTS_SETTING)?.is_some() {
            return Ok(());
        }
        if store.rules()?.is_empty() {
            let now = now_ms();
            for rule in Rule::defaults() {
                store.put_rule(&RuleRow {
                    body: serde_json::to_value(&rule)
                        .map_err(|error| AppError::new(ErrorCode::Internal, error.to_string()))?,
                    id: rule.id,
                    name: rule.name,
                    created_ms: now,
                    updated_ms: now,
                })?;
            }
        }
        Ok(store.set_setting(DEFAULTS_SETTING, &serde_json::Value::Bool(true))?)
    }

    /// The channels with their secrets: the desktop, and those that were made.
    pub(crate) fn channels(&self) -> Result<Vec<Channel>> {
        let mut channels = vec![Channel::desktop()];
        for row in self.core.store.channels()? {
            channels.push(self.channel(row)?);
        }
        Ok(channels)
    }

    fn channel(&self, row: ChannelRow) -> Result<Channel> {
        let unreadable = |error: serde_json::Error| {
            AppError::new(
                ErrorCode::Storage,
                format!(
                    "the alert channel '{}' cannot be read ({}); enter it again",
                    row.name,
                    error.classify_word()
                ),
            )
        };
        let secrets = match row.secrets.get("all") {
            Some(handle) => match self.core.secrets.get(handle)? {
                Some(text) => serde_json::from_str(text.reveal()).map_err(unreadable)?,
                None => ChannelSecrets::default(),
            },
            None => ChannelSecrets::default(),
        };
        Ok(Channel {
            config: serde_json::from_value(row.body.clone()).map_err(unreadable)?,
            id: row.id,
            name: row.name,
            secrets,
        })
    }

    /// Keeps a channel, with what must not be seen in the keychain.
    pub(crate) fn keep_channel(&self, mut channel: Channel) -> Result<()> {
        channel.config.take_secrets(&mut channel.secrets);
        let handle = format!("channel/{}", channel.id);
        let mut secrets = BTreeMap::new();
        if channel.secrets.is_empty() {
            self.core.secrets.remove(&handle)?;
        } else {
            let text = serde_json::to_string(&channel.secrets)
                .map_err(|error| AppError::new(ErrorCode::Internal, error.classify_word()))?;
            self.core.secrets.put(&handle, &Secret::new(text))?;
            secrets.insert("all".to_owned(), handle);
        }
        let now = now_ms();
        let config = serde_json::to_value(&channel.config)
            .map_err(|error| AppError::new(ErrorCode::Internal, error.classify_word()))?;
        Ok(self.core.store.put_channel(&ChannelRow {
            id: channel.id,
            name: channel.name,
            body: config,
            secrets,
            created_ms: now,
            updated_ms: now,
        })?)
    }

    fn quiet_hours(&self) -> Result<Vec<QuietHours>> {
        Ok(match self.core.store.setting(QUIET_SETTING)? {
            Some(value) => serde_json::from_value(value).unwrap_or_else(|error| {
                tracing::warn!(%error, "the quiet hours cannot be read; there are none");
                Vec::new()
            }),
            None => Vec::new(),
        })
    }

    fn language(&self) -> Result<Language> {
        Ok(match self.core.store.setting(LANGUAGE_SETTING)? {
            Some(value) => serde_json::from_value(value).unwrap_or_default(),
            None => Language::default(),
        })
    }

    /// A task that is gone is not remembered.
    pub(crate) fn forget_task(&self, id: &str) {
        self.memory.forget_task(id);
        locked(&self.counted).remove(id);
    }

    /// Delivers what is waiting and ends.
    pub(crate) fn close(&self) {
        let dispatcher = self
            .dispatcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(dispatcher) = dispatcher {
            dispatcher.stop(LAST_DELIVERIES);
        }
        self.memory.close();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed(row: AlertRow, delivery: &sluice_alerts::Delivery) -> AlertRow {
    let sent = delivery.state == sluice_alerts::DeliveryState::Sent;
    AlertRow {
        state: if sent { "sent" } else { "undeliverable" }.to_owned(),
        detail: (!delivery.detail.is_empty()).then(|| delivery.detail.clone()),
        ..row
    }
}

fn keep(core: &Core, row: &AlertRow) {
    if let Err(error) = core.store.append_alert(row) {
        tracing::error!(%error, title = %row.title, "an alert is not in the history");
    }
}

/// What kind of mistake a parser found, without the text it found it in: that may be a secret.
pub(crate) trait ClassifyWord {
    /// One word or two.
    fn classify_word(&self) -> &'static str;
}

impl ClassifyWord for serde_json::Error {
    fn classify_word(&self) -> &'static str {
        match self.classify() {
            serde_json::error::Category::Io => "it could not be read",
            serde_json::error::Category::Syntax => "not valid JSON",
            serde_json::error::Category::Data => "it has other fields than expected",
            serde_json::error::Category::Eof => "its end is missing",
        }
    }
}
