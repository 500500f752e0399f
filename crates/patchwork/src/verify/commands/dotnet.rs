//! C#, F# and Visual Basic with the .NET command line.

use super::{Folder, Line, Lines, Network};

pub(super) fn look(folder: &Folder, _: Network) -> Option<Lines> {
    let ends = |ends: &'static [&'static str]| {
        let mut files = folder.files(move |name| ends.iter().any(|end| name.ends_with(end)));
        let first = files.next()?;
        Some((first, files.next().is_some()))
    };
    let (file, several) = ends(&[".sln", ".slnx"]).or_else(|| ends(&[".csproj", ".fsproj", ".vbproj"]))?;
    // Of several it must be told which; `./` keeps a name from being an option.
    let target =
        if several { format!(" {}", shell_words::quote(&format!("./{file}"))) } else { String::new() };
    Some(Lines {
        setup: Line::new(format!("dotnet restore{target}"), file),
        build: Line::new(format!("dotnet build --nologo{target}"), file),
        tests: Line::new(format!("dotnet test --nologo{target}"), file),
    })
}
