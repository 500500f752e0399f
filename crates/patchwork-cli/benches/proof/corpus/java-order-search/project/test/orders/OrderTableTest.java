package orders;

import static testing.Tests.check;
import static testing.Tests.equal;

import java.util.List;
import java.util.Optional;
import testing.Tests;

public final class OrderTableTest {
    public static void main(String[] args) {
        Tests tests = new Tests(OrderTableTest.class);
        tests.test("finds_an_order", () -> {
            FakeDatabase database = new FakeDatabase(new Order(7, "Ada"));
            equal(Optional.of(new Order(7, "Ada")), new OrderTable(database.connection()).find(7));
            equal(7L, database.asked.get(0).values().get(1));
        });
        tests.test("finds_none", () -> {
            equal(Optional.empty(), new OrderTable(new FakeDatabase().connection()).find(7));
        });
        tests.test("searches_for_names", () -> {
            FakeDatabase database = new FakeDatabase(new Order(9, "Ada"), new Order(7, "Adam"));
            equal(List.of(new Order(9, "Ada"), new Order(7, "Adam")),
                    new OrderTable(database.connection()).search("Ad"));
            equal(1, database.asked.size());
            check(database.asked.toString().contains("%Ad%"), "names are found by a part");
        });
        tests.finish();
    }
}
