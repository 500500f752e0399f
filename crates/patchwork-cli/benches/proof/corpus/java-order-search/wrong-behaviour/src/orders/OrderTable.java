package orders;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The orders in the database. */
public final class OrderTable {
    private final Connection connection;

    public OrderTable(Connection connection) {
        this.connection = connection;
    }

    /** The order with an id. */
    public Optional<Order> find(long id) throws SQLException {
        String sql = "SELECT id, customer FROM orders WHERE id = ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, id);
            return read(statement).stream().findFirst();
        }
    }

    /** The orders of customers with a text in their name, the latest first. */
    public List<Order> search(String name) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT id, customer FROM orders WHERE customer LIKE ? ORDER BY id DESC")) {
            statement.setString(1, name);
            return read(statement);
        }
    }

    private static List<Order> read(PreparedStatement statement) throws SQLException {
        List<Order> orders = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                orders.add(new Order(rows.getLong("id"), rows.getString("customer")));
            }
        }
        return orders;
    }
}
