module example.org/photos

go 1.19
