module example.org/documents

go 1.19
