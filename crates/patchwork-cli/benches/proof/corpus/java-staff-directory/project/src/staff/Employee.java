package staff;

/** One of the staff. */
public record Employee(String name, String role) {}
