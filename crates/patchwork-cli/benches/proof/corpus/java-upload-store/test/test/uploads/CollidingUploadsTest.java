package uploads;

import static testing.Tests.check;
import static testing.Tests.equal;

import java.nio.file.Files;
import java.util.Arrays;
import java.util.HexFormat;
import testing.Tests;

/** Files that were made to look the same. */
public final class CollidingUploadsTest {
    /** Two blocks with the same MD5, published by Wang, Feng, Lai and Yu in 2004. */
    private static final byte[] ONE = HexFormat.of().parseHex("d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f89"
            + "55ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5b"
            + "d8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
            + "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70");
    private static final byte[] OTHER = ONE.clone();

    static {
        for (int at : new int[] {19, 45, 59, 83, 109, 123}) {
            OTHER[at] ^= (byte) 0x80;
        }
    }

    private static byte[] with(byte[] block, String end) {
        byte[] all = Arrays.copyOf(block, block.length + end.length());
        System.arraycopy(end.getBytes(), 0, all, block.length, end.length());
        return all;
    }

    public static void main(String[] args) {
        Tests tests = new Tests(CollidingUploadsTest.class);
        tests.test("files_with_the_same_md5_are_two", () -> {
            for (String end : new String[] {"", "the same end"}) {
                UploadStore store = new UploadStore(Files.createTempDirectory("uploads"));
                Upload one = store.keep(with(ONE, end));
                Upload other = store.keep(with(OTHER, end));
                check(other.added(), "the second was taken for the first");
                check(Arrays.equals(with(OTHER, end), store.read(other.id()).orElseThrow()), "its contents");
                check(Arrays.equals(with(ONE, end), store.read(one.id()).orElseThrow()), "the first is as it was");
            }
        });
        tests.test("the_same_file_is_kept_once", () -> {
            UploadStore store = new UploadStore(Files.createTempDirectory("uploads"));
            Upload first = store.keep(ONE);
            equal(new Upload(first.id(), false), store.keep(ONE.clone()));
            equal(1L, store.size());
        });
        tests.finish();
    }
}
