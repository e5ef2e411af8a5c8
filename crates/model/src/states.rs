//! The key-state table (`data/key-states.csv`): what each operation does in each key state.

use super::world::KeyState;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, OnceLock};

/// What the table says for one operation in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It works (conditions about the origin of the material are the operation's own).
    Ok,
    /// It is refused with one of these codes.
    Refused(Vec<String>),
    /// The combination cannot occur.
    NotApplicable,
}

fn table() -> &'static BTreeMap<String, BTreeMap<String, String>> {
    static TABLE: OnceLock<BTreeMap<String, BTreeMap<String, String>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let text = include_str!("data/key-states.csv");
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
        lines
            .filter(|l| !l.trim().is_empty())
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                let row = head.iter().zip(&cells).skip(1);
                let row = row.map(|(h, c)| (h.to_string(), c.to_string())).collect();
                (cells[0].to_string(), row)
            })
            .collect()
    })
}

/// The cell of the table for this operation and state. Operations without a row (CreateKey,
/// ListKeys) concern no key and are always `Ok`.
///
/// UpdateAlias has a cell with two halves; `destination` picks the half about the key that the
/// alias will point to.
pub fn gate(operation: &str, state: KeyState, destination: bool) -> &'static Gate {
    type Row = BTreeMap<(&'static str, bool), Gate>;
    static GATES: LazyLock<BTreeMap<&'static str, Row>> = LazyLock::new(|| {
        let row = |cells: &'static BTreeMap<String, String>| {
            let both =
                cells.iter().flat_map(|(state, cell)| [false, true].map(|d| ((state.as_str(), d), read(cell, d))));
            both.collect()
        };
        table().iter().map(|(operation, cells)| (operation.as_str(), row(cells))).collect()
    });
    GATES.get(operation).and_then(|row| row.get(&(state.name(), destination))).unwrap_or(&Gate::Ok)
}

fn read(cell: &str, destination: bool) -> Gate {
    let cell = match cell.split_once(';') {
        Some((_, dest)) if destination => dest.trim(),
        Some((source, _)) => source.trim(),
        None => cell,
    };
    if let Some(codes) = cell.strip_prefix("error:") {
        let codes = codes.split_whitespace().next().unwrap_or("");
        return Gate::Refused(codes.split('|').map(str::to_string).collect());
    }
    if cell.starts_with("n/a") { Gate::NotApplicable } else { Gate::Ok }
}

/// Whether the table refuses what the service was recorded to do (`data/key-states-recorded.csv`): then both
/// answers are accepted.
pub fn is_recorded_success(operation: &str, state: KeyState) -> bool {
    static CELLS: LazyLock<BTreeSet<(&'static str, &'static str)>> = LazyLock::new(|| {
        let rows = include_str!("data/key-states-recorded.csv").lines().skip(1).map(|line| line.split(','));
        let cells = rows.filter_map(|mut cells| {
            let (operation, state) = (cells.next()?, cells.next()?);
            cells.nth(1)?.starts_with("ok").then_some((operation, state))
        });
        cells.collect()
    });
    let refused = matches!(gate(operation, state, false), Gate::Refused(_));
    refused && CELLS.contains(&(operation, state.name()))
}

/// Every cell of the table that a test can reach: operations in scope, states that do not need a
/// custom key store, combinations that can occur.
pub fn reachable_cells(operations: &[&str]) -> Vec<(String, &'static str)> {
    let states = [
        KeyState::Enabled,
        KeyState::Disabled,
        KeyState::PendingDeletion,
        KeyState::PendingReplicaDeletion,
        KeyState::PendingImport,
        KeyState::Creating,
        KeyState::Updating,
    ];
    let rows = operations.iter().filter(|o| table().contains_key(**o));
    rows.flat_map(|op| states.iter().map(move |s| (*op, *s)))
        .filter(|(op, state)| *gate(op, *state, false) != Gate::NotApplicable)
        .map(|(op, state)| (op.to_string(), state.name()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_plain_double_and_missing_cells() {
        assert_eq!(*gate("DescribeKey", KeyState::Updating, false), Gate::Ok);
        assert_eq!(
            *gate("Encrypt", KeyState::PendingDeletion, false),
            Gate::Refused(vec!["DisabledException".into(), "KMSInvalidStateException".into()])
        );
        assert_eq!(*gate("UpdateAlias", KeyState::PendingDeletion, false), Gate::Ok);
        assert_eq!(
            *gate("UpdateAlias", KeyState::PendingDeletion, true),
            Gate::Refused(vec!["KMSInvalidStateException".into()])
        );
        assert_eq!(*gate("Sign", KeyState::PendingImport, false), Gate::NotApplicable);
        assert_eq!(*gate("ListKeys", KeyState::Disabled, false), Gate::Ok);
    }

    #[test]
    fn recordings_widen_some_cells_and_no_others() {
        let widened = |(operation, state): &(&str, KeyState)| is_recorded_success(operation, *state);
        let states = [
            KeyState::Enabled,
            KeyState::Disabled,
            KeyState::PendingDeletion,
            KeyState::PendingImport,
            KeyState::Creating,
        ];
        let cells = table().keys().flat_map(|o| states.map(|s| (o.as_str(), s)));
        let expected = [
            ("GetKeyRotationStatus", KeyState::PendingImport),
            ("GetPublicKey", KeyState::Disabled),
            ("ListKeyRotations", KeyState::PendingImport),
        ];
        assert_eq!(cells.filter(widened).collect::<Vec<_>>(), expected);
    }
}
