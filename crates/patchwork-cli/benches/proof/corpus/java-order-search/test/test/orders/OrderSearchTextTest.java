package orders;

import static testing.Tests.check;
import static testing.Tests.equal;

import java.util.HashSet;
import java.util.Set;
import testing.Tests;

/** What a search does to the statement. */
public final class OrderSearchTextTest {
    private static FakeDatabase.Asked search(String name) throws Exception {
        FakeDatabase database = new FakeDatabase(new Order(1, "Ada"));
        equal(1, new OrderTable(database.connection()).search(name).size());
        equal(1, database.asked.size());
        return database.asked.get(0);
    }

    public static void main(String[] args) {
        Tests tests = new Tests(OrderSearchTextTest.class);
        String[] names = {"Ada", "O'Neill", "' OR '1'='1", "\\' OR 1=1 -- ", "x%'; DROP TABLE orders; --", "\" OR \"\"=\""};
        tests.test("the_statement_is_the_same_for_every_name", () -> {
            Set<String> statements = new HashSet<>();
            for (String name : names) {
                statements.add(search(name).sql());
            }
            equal(1, statements.size());
        });
        tests.test("the_name_is_looked_for_as_a_part", () -> {
            for (String name : names) {
                FakeDatabase.Asked asked = search(name);
                check(asked.values().containsValue("%" + name + "%"), asked.toString());
                check(asked.sql().matches("(?is).*WHERE\\s+customer\\s+LIKE\\s+.*ORDER BY id DESC.*"), asked.sql());
            }
        });
        tests.finish();
    }
}
