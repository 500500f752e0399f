require "minitest/autorun"
require "crew/listing"

class ListingTest < Minitest::Test
  def setup
    @ann = Crew::Member.new("Ann Lee", "cook", Date.new(2020, 5, 1), "1234")
    @bob = Crew::Member.new("Bob Ray", "captain", Date.new(2018, 5, 1), "9876")
    @listing = Crew::Listing.new([@bob, @ann])
  end

  def test_names_and_roles_are_shown_by_name
    assert_equal [["Ann Lee", "cook"], ["Bob Ray", "captain"]], @listing.rows({})
  end

  def test_columns_can_be_chosen
    rows = @listing.rows("columns" => "initials,since,role")
    assert_equal [["AL", Date.new(2020, 5, 1), "cook"], ["BR", Date.new(2018, 5, 1), "captain"]], rows
    assert_equal [[true], [true]], @listing.rows("columns" => "active?")
    assert_equal [[@ann.years], [@bob.years]], @listing.rows("columns" => "years")
  end

  def test_rows_can_be_sorted_both_ways
    assert_equal %w[BR AL], @listing.rows("columns" => "initials", "sort" => "role").flatten
    assert_equal %w[AL BR], @listing.rows("columns" => "initials", "sort" => "-since").flatten
  end

  def test_rows_can_be_had_as_csv
    assert_equal "Ann Lee,cook\nBob Ray,captain\n", @listing.csv({})
  end

  def test_a_column_that_is_none_is_told
    error = assert_raises(ArgumentError) { @listing.rows("columns" => "name,wage") }
    assert_equal "no column wage", error.message
  end
end
