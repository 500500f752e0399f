//! Java and Kotlin with Gradle.

use super::{Folder, Line, Lines, Network};

pub(super) fn look(folder: &Folder, network: Network) -> Option<Lines> {
    let files = ["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"];
    let because = folder.first(&files)?;
    let program = if folder.has("gradlew") { "sh ./gradlew" } else { "gradle" };
    let offline = if network == Network::Absent { " --offline" } else { "" };
    // No process of it may outlive its command.
    let options = format!("--no-daemon --console=plain{offline}");
    Some(Lines {
        setup: Line::new(format!("{program} --no-daemon --console=plain testClasses"), because),
        build: Line::new(format!("{program} {options} testClasses"), because),
        tests: Line::new(format!("{program} {options} test"), because),
    })
}
