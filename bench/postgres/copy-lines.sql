-- Quote and delimiter are bytes that JSON cannot hold, so that each line arrives as it is.
copy line (command) from stdin with (format csv, quote e'\x01', delimiter e'\x02')
