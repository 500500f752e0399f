require "csv"
require "crew/member"

module Crew
  # The list of members as the page shows it, by what the request asks for.
  class Listing
    COLUMNS = %w[name role].freeze

    def initialize(members)
      @members = members
    end

    # `sort` is a column, with `-` before it downwards; `columns` is a list with commas.
    def rows(params)
      wanted = params.fetch("columns", "name,role").split(",")
      members = sorted(params)
      members.map { |member| wanted.map { |column| value(member, { "column" => column }) } }
    end

    def csv(params)
      CSV.generate { |out| rows(params).each { |row| out << row } }
    end

    private

    def sorted(params)
      column = params.fetch("sort", "name")
      sorted = @members.sort_by { |member| value(member, { "column" => column.delete_prefix("-") }).to_s }
      column.start_with?("-") ? sorted.reverse : sorted
    end

    def value(member, params)
      column = params["column"]
      raise ArgumentError, "no column #{column}" unless COLUMNS.include?(column)

      member.public_send(column)
    end
  end
end
