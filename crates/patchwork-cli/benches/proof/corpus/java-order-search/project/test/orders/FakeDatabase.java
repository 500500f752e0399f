package orders;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A connection that answers each query with the same orders and keeps what it was asked. */
final class FakeDatabase {
    /** A statement that was run, and the values beside it by position. */
    record Asked(String sql, Map<Integer, Object> values) {}

    final List<Asked> asked = new ArrayList<>();
    private final List<Order> answer;

    FakeDatabase(Order... answer) {
        this.answer = List.of(answer);
    }

    Connection connection() {
        return proxy(Connection.class, (self, method, args) -> switch (method.getName()) {
            case "prepareStatement" -> statement((String) args[0]);
            case "createStatement" -> statement(null);
            default -> null;
        });
    }

    private PreparedStatement statement(String prepared) {
        Map<Integer, Object> values = new TreeMap<>();
        return proxy(PreparedStatement.class, (self, method, args) -> {
            String name = method.getName();
            if (name.startsWith("execute")) {
                asked.add(new Asked(args == null ? prepared : (String) args[0], Map.copyOf(values)));
                return rows(answer.iterator());
            }
            if (name.startsWith("set") && args != null && args.length >= 2) {
                values.put((Integer) args[0], args[1]);
            }
            return null;
        });
    }

    private static ResultSet rows(Iterator<Order> orders) {
        Order[] row = new Order[1];
        return proxy(ResultSet.class, (self, method, args) -> switch (method.getName()) {
            case "next" -> {
                boolean more = orders.hasNext();
                row[0] = more ? orders.next() : null;
                yield more;
            }
            case "getLong" -> row[0].id();
            case "getString" -> row[0].customer();
            default -> null;
        });
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type, Statement.class}, handler));
    }
}
