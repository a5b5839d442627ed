use std::process::Command;

/// How the Java virtual machines of a cluster run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jvm {
    heap_megabytes: u32,
    options: Vec<String>,
}

impl Jvm {
    /// For tests: comes up quickly and leaves the processors to the others, at the price of throughput.
    pub fn quick() -> Self {
        Self {
            heap_megabytes: 512,
            options: ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
                .map(str::to_owned)
                .to_vec(),
        }
    }

    /// For measurements: Java's own defaults and the heap given.
    pub fn full(heap_megabytes: u32) -> Self {
        Self {
            heap_megabytes,
            options: Vec::new(),
        }
    }

    /// The largest heap.
    #[must_use]
    pub fn heap_megabytes(mut self, heap_megabytes: u32) -> Self {
        self.heap_megabytes = heap_megabytes;
        self
    }

    /// One more option, as `java` takes it.
    #[must_use]
    pub fn option(mut self, option: impl Into<String>) -> Self {
        self.options.push(option.into());
        self
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("java");
        command
            .arg(format!("-Xmx{}m", self.heap_megabytes))
            .args(&self.options);
        command
    }
}

impl Default for Jvm {
    fn default() -> Self {
        Self::quick()
    }
}
