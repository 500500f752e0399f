require "minitest/autorun"
require "crew/listing"

class ColumnMethodsTest < Minitest::Test
  def setup
    @ann = Crew::Member.new("Ann Lee", "cook", Date.new(2020, 5, 1), "1234")
    @listing = Crew::Listing.new([@ann])
  end

  def test_methods_that_are_no_columns_are_not_called
    %w[dismiss pin freeze instance_variables inspect methods class object_id itself display binding __id__].each do |name|
      error = assert_raises(ArgumentError, name) { @listing.rows("columns" => name) }
      assert_equal "no column #{name}", error.message
      assert_raises(ArgumentError, name) { @listing.rows("sort" => name) }
      assert_raises(ArgumentError, name) { @listing.csv("columns" => "name,#{name}") }
    end
    assert @ann.active?
    refute @ann.frozen?
  end

  def test_names_that_look_like_columns_are_none
    ["Name", " name", "name\n", "name=", ":name", "send", "instance_variable_get"].each do |name|
      assert_raises(ArgumentError, name) { @listing.rows("columns" => name) }
    end
  end

  def test_all_columns_are_still_there
    row = @listing.rows("columns" => "name,role,since,years,initials,active?").first
    assert_equal ["Ann Lee", "cook", Date.new(2020, 5, 1), @ann.years, "AL", true], row
  end
end
