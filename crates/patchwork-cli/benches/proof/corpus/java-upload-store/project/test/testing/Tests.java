package testing;

/** Runs named tests, prints one line for each, and fails the program when one failed. */
public final class Tests {
    public interface Body {
        void run() throws Exception;
    }

    private final String suite;
    private int failed;

    public Tests(Class<?> suite) {
        this.suite = suite.getSimpleName();
    }

    public void test(String name, Body body) {
        try {
            body.run();
            System.out.println("ok " + suite + "." + name);
        } catch (Throwable failure) {
            failed++;
            System.out.println("not ok " + suite + "." + name);
            System.out.println("# " + failure);
        }
    }

    public void finish() {
        if (failed > 0) {
            System.exit(1);
        }
    }

    public static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    public static void equal(Object expected, Object actual) {
        check(java.util.Objects.equals(expected, actual), "expected <" + expected + "> but was <" + actual + ">");
    }

    /** The failure that a body ends with. */
    public static Throwable failure(Body body) {
        try {
            body.run();
        } catch (Throwable failure) {
            return failure;
        }
        throw new AssertionError("did not fail");
    }
}
