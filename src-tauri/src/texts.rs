//! What the shell itself says, in both languages. The page has its own catalogues.

use sluice_model::TaskState;

use crate::language::Language;
use crate::tray_icon::Gate;

/// Everything the shell says.
pub struct Texts {
    /// Menu: shows the window.
    pub open: &'static str,
    /// Menu: pauses what runs.
    pub pause_all: &'static str,
    /// Menu: resumes what is paused.
    pub resume_all: &'static str,
    /// Menu and button: ends the program.
    pub quit: &'static str,
    /// Button: does not.
    pub cancel: &'static str,
    /// Menu, in the place of tasks.
    pub no_tasks: &'static str,
    /// Menu, behind the tasks that are shown.
    pub more_tasks: fn(usize) -> String,
    /// Before the program ends while so many tasks run.
    pub quit_question: fn(usize) -> String,
    /// The button of a notification.
    #[cfg_attr(
        any(target_os = "macos", windows),
        expect(
            dead_code,
            reason = "a click on the notification itself needs no button there"
        )
    )]
    pub open_task: &'static str,
    /// A notification: a command of the menu failed.
    pub failed: &'static str,
    /// What the icon says.
    pub gate: fn(Gate) -> &'static str,
    /// A task's state.
    pub state: fn(TaskState) -> &'static str,
}

/// The texts of a language.
pub fn texts(language: Language) -> &'static Texts {
    match language {
        Language::En => &ENGLISH,
        Language::ZhHans => &CHINESE,
    }
}

static ENGLISH: Texts = Texts {
    open: "Open Sluice",
    pause_all: "Pause all",
    resume_all: "Resume all",
    quit: "Quit",
    cancel: "Cancel",
    no_tasks: "No tasks yet",
    more_tasks: |more| format!("{more} more in the window"),
    quit_question: |live| match live {
        1 => "One task is running. It stops at a saved position and goes on when Sluice starts again."
            .to_owned(),
        live => format!(
            "{live} tasks are running. They stop at saved positions and go on when Sluice starts again."
        ),
    },
    open_task: "Open task",
    failed: "Sluice could not do that",
    gate: |gate| match gate {
        Gate::Open => "Running",
        Gate::Half => "Catching up",
        Gate::Closed => "Nothing is running",
        Gate::Abnormal => "A task is being retried",
        Gate::Failed => "A task has failed",
    },
    state: |state| match state {
        TaskState::Draft => "Draft",
        TaskState::PreChecking => "Checking",
        TaskState::PreCheckFailed => "Check failed",
        TaskState::PreCheckPassed => "Ready to start",
        TaskState::Starting => "Starting",
        TaskState::Running => "Running",
        TaskState::Pausing => "Pausing",
        TaskState::Paused => "Paused",
        TaskState::Abnormal => "Abnormal",
        TaskState::Failed => "Failed",
        TaskState::Completed => "Completed",
        TaskState::Terminating => "Terminating",
        TaskState::Terminated => "Terminated",
    },
};

static CHINESE: Texts = Texts {
    open: "打开 Sluice",
    pause_all: "全部暂停",
    resume_all: "全部恢复",
    quit: "退出",
    cancel: "取消",
    no_tasks: "还没有任务",
    more_tasks: |more| format!("窗口中还有 {more} 个"),
    quit_question: |live| {
        format!("有 {live} 个任务正在运行。它们会停在已保存的位置，下次启动 Sluice 时继续。")
    },
    open_task: "打开任务",
    failed: "Sluice 未能完成该操作",
    gate: |gate| match gate {
        Gate::Open => "运行中",
        Gate::Half => "追赶中",
        Gate::Closed => "没有任务在运行",
        Gate::Abnormal => "有任务正在重试",
        Gate::Failed => "有任务失败",
    },
    state: |state| match state {
        TaskState::Draft => "草稿",
        TaskState::PreChecking => "预检查中",
        TaskState::PreCheckFailed => "预检查未通过",
        TaskState::PreCheckPassed => "可以启动",
        TaskState::Starting => "启动中",
        TaskState::Running => "运行中",
        TaskState::Pausing => "暂停中",
        TaskState::Paused => "已暂停",
        TaskState::Abnormal => "异常",
        TaskState::Failed => "失败",
        TaskState::Completed => "已完成",
        TaskState::Terminating => "终止中",
        TaskState::Terminated => "已终止",
    },
};
