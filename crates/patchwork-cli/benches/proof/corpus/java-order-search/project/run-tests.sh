#!/bin/sh
# Compiles the program and its tests into out/ and runs each class named *Test.
set -eu
rm -rf out
mkdir out
find src test -name '*.java' > out/sources.txt
javac -J-Xmx256m -J-XX:TieredStopAtLevel=1 -encoding UTF-8 -nowarn -d out @out/sources.txt
status=0
for file in $(cd test && find . -name '*Test.java' | sort); do
    class=$(echo "$file" | sed -e 's|^\./||' -e 's|\.java$||' -e 's|/|.|g')
    java -Xmx128m -XX:TieredStopAtLevel=1 -ea -cp out "$class" || status=1
done
exit $status
