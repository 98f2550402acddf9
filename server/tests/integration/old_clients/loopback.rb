# Resolves facebook.com and its subdomains to the server under test, as a hosts file would, and replaces port 80 by its port.
require 'socket'

class Socket
  class << self
    alias tcp_anywhere tcp

    def tcp(host, port, *rest, **options, &block)
      return tcp_anywhere(host, port, *rest, **options, &block) unless /(\A|\.)facebook\.com\z/.match?(host)

      raise SocketError, "only port 80 is served, not #{port}" unless port == 80

      tcp_anywhere('127.0.0.1', Integer(ENV.fetch('FBCHATD_PORT')), *rest, **options, &block)
    end
  end
end
