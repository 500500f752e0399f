package accounts;

/** Where mail goes out. */
@FunctionalInterface
public interface Mailbox {
    void send(String address, String text);
}
