package staff;

import static testing.Tests.equal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import testing.Tests;

public final class StaffDirectoryTest {
    static StaffDirectory directory() throws Exception {
        Path file = Files.createTempFile("staff", ".xml");
        Files.writeString(file, """
                <staff>
                  <employee name="Ada" pin="4711" role="manager"/>
                  <employee name="Bob" pin="0815" role="till"/>
                  <employee name="O'Neill" pin="1234" role="till"/>
                  <employee name="Max or Mia" pin="7777" role="till"/>
                </staff>
                """);
        return StaffDirectory.load(file);
    }

    public static void main(String[] args) {
        Tests tests = new Tests(StaffDirectoryTest.class);
        tests.test("name_and_pin_sign_in", () -> {
            equal(Optional.of(new Employee("Bob", "till")), directory().signIn("Bob", "0815"));
        });
        tests.test("a_wrong_pin_does_not", () -> {
            equal(Optional.empty(), directory().signIn("Bob", "4711"));
            equal(Optional.empty(), directory().signIn("bob", "0815"));
            equal(Optional.empty(), directory().signIn("", ""));
        });
        tests.test("names_are_listed", () -> {
            equal(List.of("Ada", "Bob", "O'Neill", "Max or Mia"), directory().names());
        });
        tests.finish();
    }
}
