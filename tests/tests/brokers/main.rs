//! What must hold with a broker really running: the embedded one and Mosquitto, with the exported
//! policy in force and without.
//!
//! One binary, because each of them links both brokers and the whole library.

mod delivery;
mod dynsec;
mod hostile;
mod lifecycle;
mod linked;
mod matrix;
mod outages;
mod protocol;
mod replicas;
mod theft;
mod tools;
mod traces;
mod world;
