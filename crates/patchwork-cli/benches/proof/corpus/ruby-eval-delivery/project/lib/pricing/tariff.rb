require "csv"

module Pricing
  # How deliveries of a zone are priced.
  Tariff = Struct.new(:zone, :formula, :minimum)

  # The tariffs that a customer has uploaded.
  class TariffList
    def self.read(text)
      rows = CSV.parse(text, headers: true)
      new(rows.map { |row| Tariff.new(row["zone"], row["formula"], row["minimum"].to_i) })
    end

    def initialize(tariffs)
      @tariffs = tariffs.to_h { |tariff| [tariff.zone, tariff] }
    end

    def for_zone(zone)
      @tariffs.fetch(zone)
    end

    def zones
      @tariffs.keys.sort
    end
  end
end
