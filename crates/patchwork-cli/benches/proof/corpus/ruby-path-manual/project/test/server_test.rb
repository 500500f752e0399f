require "minitest/autorun"
require "tmpdir"
require "manual/server"

class ServerTest < Minitest::Test
  def setup
    @folder = Dir.mktmpdir
    write("index.md", "# Manual\n## Start\n### Plug\n### Switch\n## End\n")
    write("img/plug.png", "\x89PNG")
    write("de/index.md", "# Anleitung\n## Beginn\n")
    write("tool.exe", "MZ")
    @server = Manual::Server.new(@folder)
  end

  def teardown
    FileUtils.remove_entry(@folder)
  end

  def write(name, text)
    path = File.join(@folder, name)
    FileUtils.mkdir_p(File.dirname(path))
    File.binwrite(path, text)
  end

  def test_headings_of_pages_have_numbers
    expected = "# Manual\n## 1 Start\n### 1.1 Plug\n### 1.2 Switch\n## 2 End\n"
    assert_equal [200, "text/markdown", expected], @server.call("file" => "index.md")
  end

  def test_pictures_lie_in_folders
    assert_equal [200, "image/png", "\x89PNG".b], @server.call("file" => "img/plug.png")
    assert_equal 200, @server.call("file" => "img/../index.md").first
  end

  def test_there_are_translations
    assert_equal "# Anleitung\n## 1 Beginn\n", @server.call("file" => "index.md", "lang" => "de").last
  end

  def test_what_is_not_there_is_not_found
    [{ "file" => "gone.md" }, { "file" => "img" }, { "file" => "index.md", "lang" => "fr" }].each do |params|
      assert_equal 404, @server.call(params).first, params
    end
  end

  def test_other_types_are_refused
    assert_equal [415, "text/plain", "no such type"], @server.call("file" => "tool.exe")
  end

  def test_a_page_has_a_title
    assert_equal "Manual", Manual::Page.new("# Manual\n").title
  end
end
