//! Opening the message box that a configuration names.

use anyhow::{Context as _, bail};
use message_box::MessageBox;

use crate::config::Config;

/// Opens the box, and creates it when it does not exist.
pub(crate) fn open(config: &Config) -> anyhow::Result<MessageBox> {
    let mut settings = message_box::Config::new(&config.host.data_directory);
    settings.max_size = config.host.max_box_size;
    Ok(MessageBox::open(settings)?)
}

/// Opens the box because no host answered; says so when one holds the box nevertheless.
pub(crate) fn open_without_host(config: &Config) -> anyhow::Result<MessageBox> {
    open(config).with_context(|| format!("no host answers at {}", config.host.url()))
}

/// [`open_without_host`] for those who only look, or decide about what is there: no box is created.
pub(crate) fn open_existing(config: &Config) -> anyhow::Result<MessageBox> {
    if !exists(config) {
        let (url, directory) = (config.host.url(), config.host.data_directory.display());
        bail!(
            "no host answers at {url}, and there is no message box in {directory}; \
             start the host with 'sendport run {}'",
            config.file.display()
        );
    }
    open_without_host(config)
}

/// True when the directory holds files; the cache of compiled adapters is a directory in it.
fn exists(config: &Config) -> bool {
    let Ok(mut entries) = std::fs::read_dir(&config.host.data_directory) else {
        return false;
    };
    entries.any(|entry| entry.is_ok_and(|entry| entry.path().is_file()))
}
