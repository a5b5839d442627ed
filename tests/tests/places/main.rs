//! Data folders of other computers, through a real `ssh` and a real server of OpenSSH on loopback.
#![cfg(unix)]

mod commands;
mod connections;
mod folders;
mod refusals;
mod scene;
mod versions;
