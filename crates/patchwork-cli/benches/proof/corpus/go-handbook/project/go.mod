module example.org/handbook

go 1.19
