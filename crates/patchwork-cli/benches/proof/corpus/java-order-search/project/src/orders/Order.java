package orders;

/** One order of a customer. */
public record Order(long id, String customer) {}
