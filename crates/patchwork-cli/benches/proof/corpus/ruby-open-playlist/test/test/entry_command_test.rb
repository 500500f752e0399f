require "minitest/autorun"
require "tmpdir"
require "playlist/reader"

class EntryCommandTest < Minitest::Test
  def setup
    @folder = Dir.mktmpdir
    @marker = File.join(@folder, "marker")
  end

  def teardown
    FileUtils.remove_entry(@folder)
  end

  def read(line)
    path = File.join(@folder, "main.m3u")
    File.write(path, "#{line}\n")
    Playlist::Reader.new.tracks(path)
  end

  def test_an_entry_runs_no_command
    ["|touch #{@marker} #.m3u", "| touch #{@marker} # x.m3u8", "|ruby -e 'IO.write(%(#{@marker}), 1)' #.M3U"].each do |line|
      read(line) rescue Playlist::Reader::Unreadable
      refute File.exist?(@marker), line
    end
  end

  def test_the_name_of_a_playlist_runs_no_command
    assert_raises(Playlist::Reader::Unreadable) { Playlist::Reader.new.tracks("|touch #{@marker}") }
    refute File.exist?(@marker)
  end

  def test_a_file_may_have_such_a_name
    Dir.chdir(@folder) do
      File.write("|songs.m3u", "one.mp3\n")
      assert_equal ["one (mp3)"], Playlist::Reader.new.tracks("|songs.m3u").map(&:to_s)
    end
  end

  def test_what_is_not_there_is_still_told
    assert_raises(Playlist::Reader::Unreadable) { read("gone.m3u") }
  end
end
