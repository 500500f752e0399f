package carts;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/** What a visitor wants to buy. */
public final class Cart implements Serializable {
    private static final long serialVersionUID = 1;

    /** One article and how many of it. */
    public record Item(String article, int count, BigDecimal price) implements Serializable {}

    private final List<Item> items = new ArrayList<>();
    private String note = "";

    public Cart add(String article, int count, BigDecimal price) {
        items.add(new Item(article, count, price));
        return this;
    }

    public Cart note(String text) {
        note = text;
        return this;
    }

    public List<Item> items() {
        return List.copyOf(items);
    }

    public String note() {
        return note;
    }

    public BigDecimal total() {
        return items.stream()
                .map(item -> item.price().multiply(BigDecimal.valueOf(item.count())))
                .reduce(BigDecimal.ZERO, BigDecimal::add);
    }
}
