require "playlist/track"

module Playlist
  # Reads M3U playlists: one entry a line, `#EXTINF` lines before them.
  class Reader
    MAX_DEPTH = 5

    class Unreadable < StandardError; end

    # The tracks of a playlist and of those that it names, in order.
    def tracks(path, depth = 0)
      raise Unreadable, "playlists name each other" if depth > MAX_DEPTH

      title = nil
      lines(path).flat_map do |line|
        case line
        when /\A#EXTINF:[^,]*,(.*)/ then title = Regexp.last_match(1).strip and []
        when /\A#|\A\z/ then []
        when /\.m3u8?\z/i then tracks(beside(path, line), depth + 1)
        else [Track.new(title || File.basename(line, ".*"), beside(path, line))].tap { title = nil }
        end
      end
    end

    private

    def lines(path)
      IO.readlines(path).map(&:strip)
    rescue SystemCallError => error
      raise Unreadable, error.message
    end

    # An entry is written from the folder of its playlist.
    def beside(path, line)
      line.start_with?("/", "|") ? line : File.join(File.dirname(path), line)
    end
  end
end
