//! Java with Maven.

use super::{Folder, Line, Lines, Network};

pub(super) fn look(folder: &Folder, network: Network) -> Option<Lines> {
    let because = "pom.xml";
    if !folder.has(because) {
        return None;
    }
    // Through `sh`, since the wrapper's right to be executed is often lost.
    let program = if folder.has("mvnw") { "sh ./mvnw" } else { "mvn" };
    let offline = if network == Network::Absent { " -o" } else { "" };
    Some(Lines {
        setup: Line::new(format!("{program} -q -B dependency:go-offline"), because),
        build: Line::new(format!("{program} -q -B{offline} test-compile"), because),
        tests: Line::new(format!("{program} -q -B{offline} test"), because),
    })
}
