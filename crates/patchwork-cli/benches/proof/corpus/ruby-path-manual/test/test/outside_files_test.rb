require "minitest/autorun"
require "tmpdir"
require "manual/server"

class OutsideFilesTest < Minitest::Test
  SECRET = "the secret"

  def setup
    @root = Dir.mktmpdir
    @folder = File.join(@root, "manual")
    FileUtils.mkdir_p(File.join(@folder, "de"))
    FileUtils.mkdir_p(File.join(@root, "manual-drafts"))
    File.write(File.join(@folder, "..notes.txt"), "notes")
    File.write(File.join(@folder, "de", "a b.txt"), "eins")
    File.write(File.join(@root, "key.txt"), SECRET)
    File.write(File.join(@root, "manual-drafts", "key.txt"), SECRET)
    File.symlink(File.join(@root, "key.txt"), File.join(@folder, "link.txt"))
    @server = Manual::Server.new(@folder)
  end

  def teardown
    FileUtils.remove_entry(@root)
  end

  def test_nothing_outside_is_shown
    ["../key.txt", "de/../../key.txt", "....//key.txt", "..././key.txt", "../manual-drafts/key.txt", "/../key.txt",
     "de/....//....//key.txt", "link.txt", ".//..//key.txt"].each do |file|
      assert_equal [404, "text/plain", "not found"], @server.call("file" => file), file
    end
  end

  def test_the_language_leads_nowhere_else
    ["..", "../manual-drafts", "....//", "de/../..", "..././"].each do |lang|
      assert_equal 404, @server.call("file" => "key.txt", "lang" => lang).first, lang
    end
  end

  def test_a_path_from_the_root_is_one_in_the_manual
    refute_equal SECRET, @server.call("file" => File.join(@root, "key.txt")).last
  end

  def test_files_inside_are_still_shown
    assert_equal [200, "text/plain", "notes"], @server.call("file" => "..notes.txt")
    assert_equal [200, "text/plain", "eins"], @server.call("file" => "a b.txt", "lang" => "de")
    Dir.chdir(@root) do
      assert_equal 200, Manual::Server.new("manual").call("file" => "de/a b.txt").first
    end
    assert_equal 404, @server.call("file" => "gone.txt").first
  end
end
