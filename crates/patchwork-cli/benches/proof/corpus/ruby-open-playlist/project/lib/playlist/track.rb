module Playlist
  # One song of a playlist.
  Track = Struct.new(:title, :path) do
    def format
      File.extname(path).delete_prefix(".").downcase
    end

    def to_s
      "#{title} (#{format})"
    end
  end
end
