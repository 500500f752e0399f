require "minitest/autorun"
require "tmpdir"
require "logs/search"

class SearchCommandTest < Minitest::Test
  def setup
    @folder = Dir.mktmpdir
    File.write(File.join(@folder, "web.log"), "2024-05-01T11:00:00Z web INFO it's 5 o'clock; all $HOME is `well`\n")
    File.write(File.join(@folder, "-v.log"), "2024-05-01T11:00:00Z dash INFO a dash\n")
    @marker = File.join(@folder, "marker")
    @search = Logs::Search.new(@folder)
  end

  def teardown
    FileUtils.remove_entry(@folder)
  end

  def test_a_text_runs_no_command
    ["'; touch #{@marker}; '", "' web.log; touch #{@marker} #", "$(touch #{@marker})", "`touch #{@marker}`",
     "x' $(touch #{@marker}) '", "\"; touch #{@marker}; \"", "x\ntouch #{@marker}\n"].each do |attack|
      @search.lines(attack) rescue nil
      refute File.exist?(@marker), attack
    end
  end

  def test_the_name_of_a_service_runs_no_command
    ["web.log; touch #{@marker}; cat web", "$(touch #{@marker})", "`touch #{@marker}`", "| touch #{@marker} #", "x & touch #{@marker} #"].each do |attack|
      @search.lines("well", service: attack) rescue nil
      refute File.exist?(@marker), attack
    end
  end

  def test_the_name_of_a_service_leaves_no_folder
    Dir.mkdir(File.join(@folder, "logs"))
    search = Logs::Search.new(File.join(@folder, "logs"))
    assert_raises(Logs::Search::Failed) { search.lines("well", service: "../web") }
  end

  def test_signs_of_the_shell_are_found_as_they_are
    ["it's 5 o'clock", "$HOME", "`well`", "o'clock; all"].each do |text|
      assert_equal 1, @search.lines(text, service: "web").size, text
    end
    assert_empty @search.lines("-v", service: "web")
    assert_equal %w[dash], @search.lines("dash").map(&:service)
    assert_empty @search.lines("dash", service: "web")
  end
end
