require "minitest/autorun"
require "tmpdir"
require "logs/search"

class SearchTest < Minitest::Test
  def setup
    @folder = Dir.mktmpdir
    write("mail", "2024-05-01T10:00:00Z mail WARN queue is full", "2024-05-01T10:05:00Z mail INFO queue is empty")
    write("web", "2024-05-01T11:00:00Z web ERROR Queue gone", "no log line")
    @search = Logs::Search.new(@folder)
  end

  def teardown
    FileUtils.remove_entry(@folder)
  end

  def write(service, *lines)
    File.write(File.join(@folder, "#{service}.log"), lines.map { |line| "#{line}\n" }.join)
  end

  def test_lines_of_all_services_are_found_in_any_case
    found = @search.lines("queue")
    assert_equal ["queue is full", "queue is empty", "Queue gone"], found.map(&:text)
    assert_equal %i[warn info error], found.map(&:level)
  end

  def test_one_service_can_be_chosen
    assert_equal ["Queue gone"], @search.lines("queue", service: "web").map(&:text)
  end

  def test_a_service_without_a_log_is_told
    assert_raises(Logs::Search::Failed) { @search.lines("queue", service: "dns") }
  end

  def test_a_text_is_no_expression
    assert_empty @search.lines("queue.is")
    assert_equal ["no log line"], @search.lines("no log").map(&:text)
  end

  def test_what_is_nowhere_is_not_found
    assert_empty @search.lines("nothing of it")
    assert_raises(ArgumentError) { @search.lines("") }
  end

  def test_lines_are_counted
    assert_equal({ "mail" => 2, "web" => 1 }, @search.counts("queue"))
  end

  def test_lines_are_shown
    assert_equal "01.05. 11:00 [web] Queue gone", @search.lines("gone").first.to_s
  end
end
