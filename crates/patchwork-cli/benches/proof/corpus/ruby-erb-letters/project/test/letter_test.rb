require "minitest/autorun"
require "mailing/letter"

class LetterTest < Minitest::Test
  def setup
    @letter = Mailing::Letter.new("Dear {{name}}", "See you in {{city}}, {{name}}!", "Tom & Ann")
    @ann = Mailing::Contact.parse("Ann O'Hara; ann@example.org; Cork")
  end

  def test_a_letter_holds_what_is_known_of_its_contact
    assert_equal "Dear Ann O'Hara,\n\nSee you in Cork, Ann O'Hara!\n\nYours, Tom & Ann\n", @letter.for(@ann)
  end

  def test_signs_stay_as_they_are
    letter = Mailing::Letter.new("Hi", "1 < 2 & 50 % of {{city}} > \"all\"", "Tom")
    assert_equal "Hi,\n\n1 < 2 & 50 % of Cork > \"all\"\n\nYours, Tom\n", letter.for(@ann)
  end

  def test_what_is_not_known_is_left_out
    letter = Mailing::Letter.new("Hi", "{{street}}Bye", "Tom")
    assert_includes letter.for(@ann), "\n\nBye\n\n"
  end

  def test_who_has_left_gets_no_letter
    bob = Mailing::Contact.parse("Bob; bob@example.org; Rome; left")
    eve = Mailing::Contact.parse("Eve; eve@example.org;")
    assert_equal %w[ann@example.org eve@example.org], @letter.each_for([@ann, bob, eve]).map(&:first)
  end

  def test_a_contact_needs_an_address
    assert_raises(ArgumentError) { Mailing::Contact.parse("Ann; Cork") }
  end
end
