package uploads;

import static testing.Tests.check;
import static testing.Tests.equal;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Optional;
import testing.Tests;

public final class UploadStoreTest {
    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static UploadStore store() throws Exception {
        return new UploadStore(Files.createTempDirectory("uploads"));
    }

    public static void main(String[] args) {
        Tests tests = new Tests(UploadStoreTest.class);
        tests.test("keeps_a_file", () -> {
            UploadStore store = store();
            Upload upload = store.keep(bytes("hello"));
            check(upload.added(), "it is new");
            equal("hello", new String(store.read(upload.id()).orElseThrow(), StandardCharsets.UTF_8));
        });
        tests.test("keeps_the_same_file_once", () -> {
            UploadStore store = store();
            Upload first = store.keep(bytes("hello"));
            equal(new Upload(first.id(), false), store.keep(bytes("hello")));
            equal(1L, store.size());
        });
        tests.test("keeps_different_files", () -> {
            UploadStore store = store();
            check(!store.keep(bytes("a")).id().equals(store.keep(bytes("b")).id()), "two ids");
            equal(2L, store.size());
        });
        tests.test("knows_nothing_of_other_ids", () -> {
            UploadStore store = store();
            equal(Optional.empty(), store.read("00112233445566778899aabbccddeeff"));
            equal(Optional.empty(), store.read("../../etc/passwd"));
        });
        tests.finish();
    }
}
