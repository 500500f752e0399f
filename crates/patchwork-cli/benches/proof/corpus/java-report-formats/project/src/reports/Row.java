package reports;

/** What was sold of one article. */
public record Row(String article, int sold) {}
