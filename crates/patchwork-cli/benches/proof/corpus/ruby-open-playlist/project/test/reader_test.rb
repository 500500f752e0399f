require "minitest/autorun"
require "tmpdir"
require "playlist/reader"

class ReaderTest < Minitest::Test
  def setup
    @folder = Dir.mktmpdir
    write("main.m3u", "#EXTM3U", "#EXTINF:120, First song", "songs/one.mp3", "", "# a comment", "two.ogg", "more/list.m3u8")
    write("more/list.m3u8", "#EXTINF:1,Third", "three.FLAC\r", "/music/four.mp3")
  end

  def teardown
    FileUtils.remove_entry(@folder)
  end

  def write(name, *lines)
    path = File.join(@folder, name)
    FileUtils.mkdir_p(File.dirname(path))
    File.write(path, lines.join("\n"))
    path
  end

  def tracks(name)
    Playlist::Reader.new.tracks(File.join(@folder, name))
  end

  def test_tracks_of_playlists_in_playlists_are_read_in_order
    assert_equal ["First song (mp3)", "two (ogg)", "Third (flac)", "four (mp3)"], tracks("main.m3u").map(&:to_s)
  end

  def test_entries_are_beside_their_playlist
    paths = tracks("main.m3u").map { |track| track.path.delete_prefix("#{@folder}/") }
    assert_equal ["songs/one.mp3", "two.ogg", "more/three.FLAC", "/music/four.mp3"], paths
  end

  def test_a_playlist_that_is_not_there_is_told
    write("broken.m3u", "gone.m3u")
    assert_raises(Playlist::Reader::Unreadable) { tracks("broken.m3u") }
    assert_raises(Playlist::Reader::Unreadable) { tracks("nowhere.m3u") }
  end

  def test_playlists_that_name_each_other_end
    write("a.m3u", "b.m3u")
    write("b.m3u", "a.m3u")
    assert_raises(Playlist::Reader::Unreadable) { tracks("a.m3u") }
  end
end
