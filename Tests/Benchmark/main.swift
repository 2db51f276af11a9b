// What is measured is told by `Scenarios`, with what on which servers by `World`, and how it is shown by `Report`.
