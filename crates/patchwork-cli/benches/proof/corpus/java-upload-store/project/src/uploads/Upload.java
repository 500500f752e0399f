package uploads;

/** A file that was kept: its id, and whether it was new. */
public record Upload(String id, boolean added) {}
