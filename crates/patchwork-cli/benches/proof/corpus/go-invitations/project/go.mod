module example.org/club

go 1.19
