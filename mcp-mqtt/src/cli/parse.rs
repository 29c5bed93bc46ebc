//! From the words of the command line and the environment to clap's matches, with what clap lacks.

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::acl;

/// Parses the arguments of this process.
pub(super) fn matches(command: Command) -> Result<ArgMatches, clap::Error> {
    matches_from(command, std::env::args_os())
}

fn matches_from(
    command: Command,
    words: impl IntoIterator<Item = impl Into<std::ffi::OsString> + Clone>,
) -> Result<ArgMatches, clap::Error> {
    let mut command = tamed(command);
    let matches = command.try_get_matches_from_mut(words)?;
    match misplaced(&command, &matches).or_else(|| acl::ignored(&matches)) {
        Some(text) => Err(command.error(ErrorKind::ArgumentConflict, text)),
        None => Ok(matches),
    }
}

/// An empty variable is one that is not set, as in `MQTT_USERNAME= program`; and help shows no values of
/// variables, of which some are secrets.
fn tamed(command: Command) -> Command {
    let environment = |arg: Arg| {
        let value = arg.get_env().and_then(std::env::var_os);
        let arg = arg.hide_env_values(true);
        match value {
            Some(value) if value.is_empty() => arg.env(Resettable::Reset),
            _ => arg,
        }
    };
    command.mut_args(environment).mut_subcommands(tamed)
}

/// An option of `serve` in front of another command would be ignored.
fn misplaced(command: &Command, matches: &ArgMatches) -> Option<String> {
    let (name, _) = matches.subcommand()?;
    let mut options = command.get_arguments().filter(|arg| !arg.is_global_set());
    let given =
        |arg: &&Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let option = options.find(given)?.get_long()?;
    let program = command.get_bin_name().unwrap_or(command.get_name());
    Some(format!(
        "`--{option}` stands before the command `{name}`; what is for a command stands behind it: \
         `{program} {name} --{option} …`"
    ))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::args::Args;
    use super::*;

    fn parse(words: &str) -> Result<ArgMatches, String> {
        matches_from(Args::command(), words.split(' ')).map_err(|error| error.to_string())
    }

    #[test]
    fn the_definitions_hold_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn global_options_stand_anywhere() {
        for words in [
            "p --namespace x tools",
            "p tools --namespace x",
            "p --log off acl",
            "p --namespace x",
        ] {
            assert!(parse(words).is_ok(), "{words}");
        }
    }

    #[test]
    fn an_option_in_front_of_the_wrong_command_is_told_where_it_belongs() {
        let error = parse("p --broker mqtt://h call greet --as a").unwrap_err();
        assert!(error.contains("call --broker …"), "{error}");
        assert!(parse("p --dev serve").is_err());
        assert!(parse("p --dev").is_ok());
        assert!(parse("p call --broker mqtt://h greet --as a").is_ok());
    }
}
